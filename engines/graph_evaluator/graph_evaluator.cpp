#include "engines/graph_evaluator/graph_evaluator.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <functional>
#include <limits>
#include <stdexcept>

namespace zahl::reference {
namespace {

using Bytes = std::vector<int8_t>;
using Table = std::array<int8_t, 256>;

constexpr int64_t kInt32Min = std::numeric_limits<int32_t>::min();
constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// x / 2^shift with one rounding; 0 <= shift <= 63.
int64_t divide_by_power(int64_t x, int shift, isa::Rounding rounding) {
  if (shift == 0) return x;
  const int64_t floor = x >> shift;
  const auto rest = static_cast<uint64_t>(x) - (static_cast<uint64_t>(floor) << shift);
  const uint64_t half = uint64_t{1} << (shift - 1);
  if (rest < half) return floor;
  if (rest > half) return floor + 1;
  if (rounding == isa::Rounding::HalfUp) return floor + 1;
  if (rounding == isa::Rounding::HalfEven) return floor % 2 == 0 ? floor : floor + 1;
  return x < 0 ? floor : floor + 1;  // away from zero
}

// Rounding doubling high multiply: a * b / 2^31, ties up, saturated.
int64_t high_multiply(int64_t a, int64_t b) {
  if (a == kInt32Min && b == kInt32Min) return kInt32Max;
  return floor_divide(a * b + (int64_t{1} << 30), int64_t{1} << 31);
}

int64_t scale(int64_t x, uint32_t m0, int shift, isa::Rounding rounding) {
  if (rounding != isa::Rounding::TflDouble) return divide_by_power(x * m0, shift, rounding);
  const int left = std::max(31 - shift, 0), right = std::max(shift - 31, 0);
  const int64_t shifted = x * (int64_t{1} << left);
  if (shifted < kInt32Min || shifted > kInt32Max)
    throw std::overflow_error("left shift past 32 bits");
  return divide_by_power(high_multiply(shifted, m0), right, isa::Rounding::HalfAway);
}

int8_t finish(int64_t y, int zero_point, int low, int high, const std::optional<Table>& table) {
  const int64_t clamped = std::clamp<int64_t>(y + zero_point, low, high);
  return table ? (*table)[static_cast<size_t>(clamped + 128)] : static_cast<int8_t>(clamped);
}

int8_t requantize(const ir::Requant& r, int64_t acc, size_t channel) {
  const size_t i = r.m0.size() == 1 ? 0 : channel;
  const int64_t sum = acc + r.bias[channel];
  if (std::abs(acc) > kInt32Max || sum < kInt32Min || sum > kInt32Max)
    throw std::overflow_error("accumulator past 32 bits");
  return finish(scale(sum, r.m0[i], r.shift[i], r.rounding), r.zero_point, r.low, r.high, r.table);
}

// A feature map with coordinates.
struct Map {
  const ir::Tensor& tensor;
  const Bytes& bytes;
  size_t index(int n, int y, int x, int c) const {
    const ir::Shape& s = tensor.shape;
    return static_cast<size_t>(((int64_t{n} * s.h + y) * s.w + x) * s.c + c);
  }
  bool contains(int y, int x) const {
    return y >= 0 && y < tensor.shape.h && x >= 0 && x < tensor.shape.w;
  }
  int at(int n, int y, int x, int c) const { return bytes[index(n, y, x, c)]; }
};

class Evaluator {
 public:
  Evaluator(const ir::Graph& graph, ir::Indexed<ir::TensorId, Bytes>& tensors)
      : graph_(graph), tensors_(tensors) {}

  void operator()(const ir::Conv& op) {
    std::vector<Map> sources = {map(op.input)};
    for (ir::TensorId id : op.more_inputs) sources.push_back(map(id));
    const int outputs = shape(op.output).c / op.groups, taps = op.kernel_h * op.kernel_w;
    const auto fan_in = op.weights.size() / static_cast<size_t>(shape(op.output).c);
    fill(op.output, [&](int n, int oy, int ox, int oc) {
      int64_t acc = 0;
      size_t behind = 0;  // input channels of the sources before
      for (const Map& in : sources) {
        const int inputs = in.tensor.shape.c / op.groups;
        for (int tap = 0; tap < taps; ++tap) {
          const int y = oy * op.stride_h + tap / op.kernel_w * op.dilation_h - op.padding.top;
          const int x = ox * op.stride_w + tap % op.kernel_w * op.dilation_w - op.padding.left;
          size_t w = static_cast<size_t>(oc) * fan_in +
                     static_cast<size_t>(tap) * (fan_in / static_cast<size_t>(taps)) + behind;
          for (int ic = 0; ic < inputs; ++ic) {
            const int value = in.contains(y, x) ? in.at(n, y, x, oc / outputs * inputs + ic)
                                                : in.tensor.zero_point;
            acc += value * (op.weights[w++] - op.weight_zero);
          }
        }
        behind += static_cast<size_t>(inputs);
      }
      return requantize(op.requant, acc, static_cast<size_t>(oc));
    });
  }

  void operator()(const ir::Depthwise& op) {
    const Map in = map(op.input);
    const int channels = in.tensor.shape.c;
    fill(op.output, [&](int n, int oy, int ox, int c) {
      int64_t acc = 0;
      for (int ky = 0; ky < op.kernel_h; ++ky) {
        for (int kx = 0; kx < op.kernel_w; ++kx) {
          const int y = oy * op.stride_h + ky - op.padding.top,
                    x = ox * op.stride_w + kx - op.padding.left;
          const int value = in.contains(y, x) ? in.at(n, y, x, c) : in.tensor.zero_point;
          acc += value * (op.weights[static_cast<size_t>((ky * op.kernel_w + kx) * channels + c)] -
                          op.weight_zero);
        }
      }
      return requantize(op.requant, acc, static_cast<size_t>(c));
    });
  }

  void operator()(const ir::MaxPool& op) {
    const Map in = map(op.input);
    fill(op.output, [&](int n, int oy, int ox, int c) {
      int maximum = -128;
      visit_window(op, in, oy, ox,
                   [&](int y, int x) { maximum = std::max(maximum, in.at(n, y, x, c)); });
      return requantize(op.requant, maximum, static_cast<size_t>(c));
    });
  }

  void operator()(const ir::AveragePool& op) {
    const Map in = map(op.input);
    fill(op.output, [&](int n, int oy, int ox, int c) {
      int64_t sum = 0;
      int count = 0;
      visit_window(op, in, oy, ox, [&](int y, int x) {
        sum += in.at(n, y, x, c) - op.input_zero;
        ++count;
      });
      if (op.count_includes_padding) count = op.kernel_h * op.kernel_w;
      if (count == 0) throw std::invalid_argument("a pool over padding alone");
      int64_t y = 0;
      if (op.rounding == isa::Rounding::HalfAway && op.scale_ratio == 1.0 && !op.multiplier) {
        const int64_t magnitude =
            (2 * std::abs(sum) + count) / (2 * count);  // the definition itself
        y = sum < 0 ? -magnitude : magnitude;
      } else {
        const ir::Multiplier m = ir::average_multiplier(op, count);
        y = scale(sum, m.m0, m.shift, op.rounding);
      }
      return finish(y, op.zero_point, op.low, op.high, op.table);
    });
  }

  void operator()(const ir::Eltwise& op) {
    const Bytes &a = bytes(op.a), &b = bytes(op.b);
    Bytes& out = bytes(op.output);
    out.resize(a.size());
    for (size_t i = 0; i < out.size(); ++i) {
      const int64_t qa = a[i] - op.a_zero, qb = b[i] - op.b_zero;
      const int64_t sign = op.operation == isa::EltwiseOp::Sub ? -1 : 1;
      int64_t y = 0;
      if (op.operation == isa::EltwiseOp::Mul) {
        y = scale(qa * qb, op.m0, op.shift, op.rounding);
      } else if (op.exact) {
        y = divide_by_power(qa * op.a_m0 + sign * qb * op.b_m0, op.shift, op.rounding);
      } else {
        const int64_t wide_a =
            scale(qa * (1 << 20), op.a_m0, 31 + op.a_shift, isa::Rounding::TflDouble);
        const int64_t wide_b =
            scale(qb * (1 << 20), op.b_m0, 31 + op.b_shift, isa::Rounding::TflDouble);
        y = scale(wide_a + sign * wide_b, op.m0, op.shift, op.rounding);
      }
      out[i] = finish(y, op.zero_point, op.low, op.high, op.table);
    }
  }

  void operator()(const ir::Lookup& op) {
    Bytes& out = bytes(op.output);
    out = bytes(op.input);
    for (int8_t& q : out) q = op.table[static_cast<size_t>(q + 128)];
  }

  void operator()(const ir::Softmax& op) {
    const Bytes& in = bytes(op.input);
    Bytes& out = bytes(op.output);
    out.resize(in.size());
    const auto channels = static_cast<size_t>(shape(op.input).c);
    for (size_t row = 0; row < in.size(); row += channels) {
      const int maximum = *std::max_element(in.begin() + static_cast<ptrdiff_t>(row),
                                            in.begin() + static_cast<ptrdiff_t>(row + channels));
      const auto exponential = [&](size_t i) {
        return int64_t{op.exponentials[static_cast<size_t>(maximum - in[row + i])]};
      };
      int64_t sum = 0;  // Q12.19
      for (size_t i = 0; i < channels; ++i)
        sum += divide_by_power(exponential(i), 12, isa::Rounding::HalfAway);
      if (sum <= 0 || sum > std::numeric_limits<uint32_t>::max())
        throw std::overflow_error("softmax sum past 32 bits");
      const int headroom = std::countl_zero(static_cast<uint32_t>(sum));
      const int64_t reciprocal = one_over_one_plus((sum << headroom) - (int64_t{1} << 31));
      for (size_t i = 0; i < channels; ++i) {
        const int64_t y = divide_by_power(high_multiply(reciprocal, exponential(i)) * op.m0,
                                          op.shift + 12 - headroom, isa::Rounding::HalfAway);
        out[row + i] = static_cast<int8_t>(std::clamp<int64_t>(y + op.zero_point, -128, 127));
      }
    }
  }

  void operator()(const ir::Reshape& op) { bytes(op.output) = bytes(op.input); }

  void operator()(const ir::Concat& op) {
    fill(op.output, [&](int n, int y, int x, int c) -> int8_t {
      int position[4] = {n, y, x, c};
      for (ir::TensorId id : op.inputs) {
        const ir::Shape& s = shape(id);
        const int size = op.axis == 1 ? s.h : op.axis == 2 ? s.w : s.c;
        int& along = position[op.axis];
        if (along < size) {
          const Map in = map(id);
          return in.bytes[in.index(position[0], position[1], position[2], position[3])];
        }
        along -= size;
      }
      throw std::logic_error("past the last input");
    });
  }

  void operator()(const ir::Move& op) {
    const Bytes& in = bytes(op.input);
    Bytes& out = bytes(op.output);
    out.clear();
    std::vector<int> index(op.axes.size(), 0);
    for (int64_t left = shape(op.output).elements(); left > 0; --left) {
      int64_t at = op.offset;
      for (size_t k = 0; k < index.size(); ++k) at += index[k] * op.axes[k].step;
      out.push_back(in[static_cast<size_t>(at)]);
      for (size_t k = index.size(); k-- > 0 && ++index[k] == op.axes[k].size;) index[k] = 0;
    }
  }

 private:
  const ir::Shape& shape(ir::TensorId id) const { return graph_.tensors[id].shape; }
  Bytes& bytes(ir::TensorId id) { return tensors_[id]; }
  Map map(ir::TensorId id) { return {graph_.tensors[id], bytes(id)}; }

  void fill(ir::TensorId id, const std::function<int8_t(int, int, int, int)>& value) {
    const ir::Shape& s = shape(id);
    Bytes& out = bytes(id);
    out.clear();
    for (int n = 0; n < s.n; ++n) {
      for (int y = 0; y < s.h; ++y) {
        for (int x = 0; x < s.w; ++x) {
          for (int c = 0; c < s.c; ++c) out.push_back(value(n, y, x, c));
        }
      }
    }
  }

  template <typename Pool>
  static void visit_window(const Pool& op, const Map& in, int oy, int ox,
                           const std::function<void(int, int)>& visit) {
    for (int ky = 0; ky < op.kernel_h; ++ky) {
      for (int kx = 0; kx < op.kernel_w; ++kx) {
        const int y = oy * op.stride_h + ky - op.padding.top,
                  x = ox * op.stride_w + kx - op.padding.left;
        if (in.contains(y, x)) visit(y, x);
      }
    }
  }

  static int64_t saturate(int64_t x) { return std::clamp(x, kInt32Min, kInt32Max); }

  // 1 / (1 + a) with 31 fractional bits by three Newton-Raphson steps, as gemmlowp has it.
  static int64_t one_over_one_plus(int64_t a) {
    const int64_t half_denominator = (a + kInt32Max + 1) / 2;
    int64_t x = 1515870810 + high_multiply(half_denominator, -1010580540);
    for (int step = 0; step < 3; ++step) {
      const int64_t error = (int64_t{1} << 29) - high_multiply(half_denominator, x);
      x += saturate(high_multiply(x, error) * 4);
    }
    return saturate(x * 2);
  }

  const ir::Graph& graph_;
  ir::Indexed<ir::TensorId, Bytes>& tensors_;
};

}  // namespace

ir::Indexed<ir::TensorId, Bytes> evaluate_tensors(const ir::Graph& graph,
                                                  const std::vector<Bytes>& inputs) {
  ir::Indexed<ir::TensorId, Bytes> tensors(graph.tensors.size());
  for (ir::TensorId id : tensors.ids()) {
    if (graph.tensors[id].constant) tensors[id] = *graph.tensors[id].constant;
  }
  if (inputs.size() != graph.inputs.size()) throw std::invalid_argument("wrong number of inputs");
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ir::TensorId id = graph.inputs[i].tensor;
    if (static_cast<int64_t>(inputs[i].size()) != graph.tensors[id].shape.elements())
      throw std::invalid_argument("an input has the wrong size");
    tensors[id] = inputs[i];
  }
  Evaluator evaluator(graph, tensors);
  for (const ir::Node& node : graph.nodes) std::visit(evaluator, node.operation);
  return tensors;
}

std::vector<Bytes> evaluate(const ir::Graph& graph, const std::vector<Bytes>& inputs) {
  const ir::Indexed<ir::TensorId, Bytes> tensors = evaluate_tensors(graph, inputs);
  std::vector<Bytes> outputs;
  for (const ir::GraphPort& port : graph.outputs) outputs.push_back(tensors[port.tensor]);
  return outputs;
}

}  // namespace zahl::reference
