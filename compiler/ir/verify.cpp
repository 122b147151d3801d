// Checks of a graph, one function an operation. Each returns the empty string or what is wrong.
#include <fmt/format.h>

#include <set>

#include "compiler/ir/graph.h"

namespace zahl::ir {
namespace {

namespace limits = isa::limits;

constexpr uint32_t kLargestExponential = (uint32_t{1} << 31) - 1;  // of softmax's table, saturated
constexpr int64_t kHeadroomShift = 12;  // that the machine adds to softmax's shift at most

class Checker {
 public:
  explicit Checker(const Graph& graph) : graph_(graph) {}

  std::string operator()(const Conv& op) const {
    Shape in = shape(op.input);
    const Shape out = shape(op.output);
    const int zero_point = graph_.tensors[op.input].zero_point;
    for (TensorId id : op.more_inputs) {
      const Tensor& more = graph_.tensors[id];
      if (more.shape.n != in.n || more.shape.h != in.h || more.shape.w != in.w ||
          more.zero_point != zero_point || op.groups != 1) {
        return "inputs that are summed over together differ in height, width or zero point, or "
               "there are groups";
      }
      in.c += more.shape.c;
    }
    if (op.groups < 1 || in.c % op.groups != 0 || out.c % op.groups != 0)
      return "groups do not divide the channels";
    const int64_t weights = int64_t{out.c} * op.kernel_h * op.kernel_w * (in.c / op.groups);
    if (static_cast<int64_t>(op.weights.size()) != weights) return "wrong number of weights";
    return first({window(op, in, out, op.dilation_h, op.dilation_w), zero(op.weight_zero),
                  requant(op.requant, out.c)});
  }

  std::string operator()(const Depthwise& op) const {
    const Shape in = shape(op.input), out = shape(op.output);
    if (in.c != out.c) return "input and output channels differ";
    if (static_cast<int64_t>(op.weights.size()) != int64_t{out.c} * op.kernel_h * op.kernel_w) {
      return "wrong number of weights";
    }
    return first({window(op, in, out, 1, 1), zero(op.weight_zero), requant(op.requant, out.c)});
  }

  std::string operator()(const MaxPool& op) const {
    const Shape in = shape(op.input), out = shape(op.output);
    if (in.c != out.c) return "input and output channels differ";
    return first({window(op, in, out, 1, 1), requant(op.requant, out.c)});
  }

  std::string operator()(const AveragePool& op) const {
    const Shape in = shape(op.input), out = shape(op.output);
    if (in.c != out.c) return "input and output channels differ";
    if (!(op.scale_ratio > 0)) return "the scale ratio is not positive";
    if (op.multiplier && (!limits::Drain::m0.holds(op.multiplier->m0) ||
                          !limits::Drain::shift.holds(op.multiplier->shift)))
      return "multiplier out of range";
    return first(
        {window(op, in, out, 1, 1), zero(op.input_zero), clamp(op.zero_point, op.low, op.high)});
  }

  std::string operator()(const Eltwise& op) const {
    if (shape(op.a) != shape(op.output) || shape(op.b) != shape(op.output))
      return "operands and output differ in shape";
    if (!limits::Eltwise::a_m0.holds(op.a_m0) || !limits::Eltwise::b_m0.holds(op.b_m0) ||
        !limits::Eltwise::m0.holds(op.m0))
      return "multiplier out of range";
    if (!limits::Eltwise::shift.holds(op.shift) || !limits::Eltwise::a_shift.holds(op.a_shift) ||
        !limits::Eltwise::b_shift.holds(op.b_shift))
      return "shift out of range";
    if (op.exact &&
        (op.rounding == isa::Rounding::TflDouble || op.operation == isa::EltwiseOp::Mul)) {
      return "exact sums need a single rounding and no product";
    }
    return first({zero(op.a_zero), zero(op.b_zero), clamp(op.zero_point, op.low, op.high)});
  }

  std::string operator()(const Lookup& op) const {
    return shape(op.input) == shape(op.output) ? "" : "input and output differ in shape";
  }

  std::string operator()(const Softmax& op) const {
    if (shape(op.input) != shape(op.output)) return "input and output differ in shape";
    for (uint32_t e : op.exponentials) {
      if (e > kLargestExponential) return "an exponential is out of range";
    }
    if (!limits::Softmax::m0.holds(op.m0) ||
        !limits::Softmax::shift.holds(op.shift + kHeadroomShift))
      return "multiplier out of range";
    return zero(op.zero_point);
  }

  std::string operator()(const Reshape& op) const {
    return shape(op.input).elements() == shape(op.output).elements()
               ? ""
               : "input and output differ in size";
  }

  std::string operator()(const Concat& op) const {
    if (op.inputs.empty() || op.axis < 1 || op.axis > 3)
      return "no inputs, or an axis out of range";
    Shape sum = shape(op.inputs.front());
    for (size_t i = 1; i < op.inputs.size(); ++i) {
      const Shape part = shape(op.inputs[i]);
      (op.axis == 1   ? sum.h
       : op.axis == 2 ? sum.w
                      : sum.c) += op.axis == 1   ? part.h
                                  : op.axis == 2 ? part.w
                                                 : part.c;
      if (part.n != sum.n || (op.axis != 1 && part.h != sum.h) ||
          (op.axis != 2 && part.w != sum.w) || (op.axis != 3 && part.c != sum.c)) {
        return "inputs differ in shape";
      }
    }
    return sum == shape(op.output) ? "" : "inputs do not give the output's shape";
  }

  std::string operator()(const Move& op) const {
    int64_t count = 1, first = op.offset, last = op.offset;
    for (const Move::Axis& axis : op.axes) {
      if (axis.size < 1) return "an axis is out of range";
      count *= axis.size;
      (axis.step < 0 ? first : last) += (axis.size - 1) * axis.step;
      if (count > shape(op.output).elements()) return "it leaves its tensors";
    }
    if (first < 0 || last >= shape(op.input).elements()) return "it leaves its tensors";
    return count == shape(op.output).elements() ? "" : "it does not fill the output";
  }

 private:
  Shape shape(TensorId id) const { return graph_.tensors[id].shape; }

  static std::string first(std::initializer_list<std::string> reasons) {
    for (const std::string& reason : reasons) {
      if (!reason.empty()) return reason;
    }
    return "";
  }

  static std::string zero(int value) {
    return value < -128 || value > 127 ? "zero point out of range" : "";
  }

  static std::string clamp(int zero_point, int low, int high) {
    if (low < -128 || high > 127 || low > high) return "clamp out of range";
    return zero(zero_point);
  }

  static std::string requant(const Requant& r, int channels) {
    const auto count = static_cast<size_t>(channels);
    if (r.bias.size() != count) return "wrong number of biases";
    if (r.m0.size() != r.shift.size() || (r.m0.size() != 1 && r.m0.size() != count))
      return "wrong number of multipliers";
    for (size_t i = 0; i < r.m0.size(); ++i) {
      if (!limits::Drain::m0.holds(r.m0[i]) || !limits::Drain::shift.holds(r.shift[i]))
        return "multiplier out of range";
    }
    return clamp(r.zero_point, r.low, r.high);
  }

  // One dimension: `out` windows of `kernel` taps fit in the padded input, and no tap but padding
  // lies outside.
  static bool fits(int64_t in, int64_t out, int kernel, int stride, int dilation, int before,
                   int after) {
    if (kernel < 1 || stride < 1 || dilation < 1 || before < 0 || after < 0) return false;
    return (out - 1) * stride + int64_t{dilation} * (kernel - 1) + 1 <= in + before + after;
  }

  template <typename Op>
  static std::string window(const Op& op, const Shape& in, const Shape& out, int dilation_h,
                            int dilation_w) {
    if (in.n != out.n) return "batches differ";
    if (!fits(in.h, out.h, op.kernel_h, op.stride_h, dilation_h, op.padding.top,
              op.padding.bottom) ||
        !fits(in.w, out.w, op.kernel_w, op.stride_w, dilation_w, op.padding.left,
              op.padding.right)) {
      return "kernel, stride and padding do not give the output's shape";
    }
    return "";
  }

  const Graph& graph_;
};

}  // namespace

std::string verify(const Graph& graph) {
  const auto exists = [&](TensorId id) { return graph.tensors.contains(id); };
  std::set<TensorId> written;
  for (TensorId id : graph.tensors.ids()) {
    const Tensor& t = graph.tensors[id];
    const Shape& s = t.shape;
    if (s.n < 1 || s.h < 1 || s.w < 1 || s.c < 1)
      return fmt::format("tensor '{}': a dimension is not positive", t.name);
    if (t.zero_point < -128 || t.zero_point > 127)
      return fmt::format("tensor '{}': zero point out of range", t.name);
    if (!t.constant) continue;
    if (static_cast<int64_t>(t.constant->size()) != s.elements()) {
      return fmt::format("tensor '{}': the constant does not fill the shape", t.name);
    }
    written.insert(id);
  }
  for (const GraphPort& port : graph.inputs) {
    if (!exists(port.tensor)) return "a graph input names no tensor";
    if (!written.insert(port.tensor).second) {
      return fmt::format("graph input '{}' is written twice", graph.tensors[port.tensor].name);
    }
  }
  for (const Node& node : graph.nodes) {
    const auto wrong = [&](std::string_view what) {
      return fmt::format("node '{}' ({}): {}", node.name, node.type, what);
    };
    for (TensorId id : inputs_of(node.operation)) {
      if (!exists(id)) return wrong("an input names no tensor");
      if (!written.contains(id)) return wrong("an input is read before it is written");
    }
    const TensorId output = output_of(node.operation);
    if (!exists(output)) return wrong("the output names no tensor");
    if (!written.insert(output).second) return wrong("the output is written twice");
    if (std::string reason = std::visit(Checker(graph), node.operation); !reason.empty())
      return wrong(reason);
  }
  for (const GraphPort& port : graph.outputs) {
    if (!exists(port.tensor)) return "a graph output names no tensor";
    if (!written.contains(port.tensor)) {
      return fmt::format("graph output '{}' is never written", graph.tensors[port.tensor].name);
    }
  }
  return "";
}

}  // namespace zahl::ir
