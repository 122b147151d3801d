// The numbers of one layer: scales from the file, integers from the graph, and how far M0 * 2^-n is
// from M.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <type_traits>

#include "explain/explanation.h"

namespace zahl::explain {
namespace {

namespace mp = boost::multiprecision;

Rational exact_float(float x) { return exact(static_cast<double>(x)); }

// What rounding to a significand of 31 bits explains: half a unit of the last of 31 bits, half a
// unit of shift 63 where M is tiny, and one rounding of the division in double.
Rational allowed_for(const Rational& m, int bits = 31) {
  const Rational relative = m * (power_of_two(-bits) + power_of_two(-51)),
                 absolute = power_of_two(-64);
  return relative > absolute ? relative : absolute;
}

class Facts {
 public:
  Facts(const Explanation& e, LayerFacts& facts)
      : explanation_(e),
        facts_(facts),
        node_(e.graph.nodes[facts.node]),
        is_tflite_(e.source.is_tflite) {
    // Where the file quantizes the result more than once, the edge says which one this layer is.
    const auto results = result_scalings(e.source, facts.main);
    const ir::Tensor& edge = tensor(ir::output_of(node_.operation));
    const auto of_edge = std::ranges::find_if(results, [&](const SourceScaling& r) {
      return r.scales.size() == 1 && static_cast<double>(r.scales.front()) == edge.scale &&
             r.zero_points.front() == edge.zero_point;
    });
    // The file says nothing of the bytes in front of a Bias, nor between the layers of one node.
    if (!results.empty() && !bias_behind() && !is_one_of_several())
      result_ = of_edge != results.end() ? *of_edge : results.front();
  }

  void operator()(const ir::Conv& op) { product("conv", op); }
  void operator()(const ir::Depthwise& op) { product("depthwise", op); }

  void operator()(const ir::MaxPool& op) {
    facts_.kind = "max_pool";
    input(op.input);
    requant(op.requant, op.output);
    const Rational m = exact_float(facts_.sx[0]) / exact_float(*facts_.sy);
    add_factor("all channels", "Sx / Sy", m, m, op.requant.m0[0], op.requant.shift[0],
               allowed_for(m));
    facts_.accumulator_low = -128 + op.requant.bias[0];
    facts_.accumulator_high = 127 + op.requant.bias[0];
  }

  void operator()(const ir::AveragePool& op) {
    facts_.kind = "average_pool";
    input(op.input);
    stage(op.rounding, op.zero_point, op.low, op.high, op.table.has_value(), op.output);
    const int count = op.kernel_h * op.kernel_w;
    const ir::Multiplier multiplier = ir::average_multiplier(op, count);
    const bool is_sum = is_of({"ReduceSum", "SUM"});
    const Rational m = exact_float(facts_.sx[0]) / ((is_sum ? 1 : count) * exact_float(*facts_.sy));
    add_factor(fmt::format("windows of {}", count), is_sum ? "Sx / Sy" : "Sx / (k * Sy)", m, m,
               multiplier.m0, multiplier.shift, allowed_for(m, 29));
    facts_.accumulator_low = Integer(count) * (-128 - op.input_zero);
    facts_.accumulator_high = Integer(count) * (127 - op.input_zero);
  }

  void operator()(const ir::Eltwise& op) {
    static const std::map<isa::EltwiseOp, std::string> kNames = {
        {isa::EltwiseOp::Add, "add"}, {isa::EltwiseOp::Sub, "sub"}, {isa::EltwiseOp::Mul, "mul"}};
    facts_.kind = kNames.at(op.operation);
    input(op.a);
    facts_.sx.push_back(static_cast<float>(tensor(op.b).scale));
    stage(op.rounding, op.zero_point, op.low, op.high, op.table.has_value(), op.output);
    const float a = facts_.sx[0], b = facts_.sx[1], y = *facts_.sy;
    if (op.operation == isa::EltwiseOp::Mul) {
      const Rational m = exact_float(a) * exact_float(b) / exact_float(y);
      add_factor("product", "Sa * Sb / Sy", m, m, op.m0, op.shift, allowed_for(m));
      facts_.accumulator_low = -255 * 255;
      facts_.accumulator_high = 255 * 255;
    } else if (op.exact) {
      exact_sum(op, exact_float(a), exact_float(b), exact_float(y));
    } else {
      tflite_sum(op, a, b, y);
    }
  }

  void operator()(const ir::Lookup& op) {
    facts_.kind = "table";
    facts_.has_table = true;
    input(op.input);
    facts_.zy = tensor(op.output).zero_point;
    facts_.sy = static_cast<float>(tensor(op.output).scale);
    facts_.formula = "y = T[x], T a table of 256 bytes";
    const auto entry = [&](int q) {
      return static_cast<int>(op.table[static_cast<size_t>(q + 128)]);
    };
    facts_.numbers = fmt::format("y = T[x]: T[-128] = {}, T[{}] = {} (real 0), T[127] = {}",
                                 entry(-128), facts_.zx, entry(facts_.zx), entry(127));
  }

  void operator()(const ir::Softmax& op) {
    facts_.kind = "softmax";
    input(op.input);
    facts_.zy = op.zero_point;
    facts_.sy = static_cast<float>(tensor(op.output).scale);
    facts_.rounding = isa::Rounding::HalfAway;
    facts_.formula =
        "y = clamp(Zy + round(E[max - x] / sum(E) * M0 * 2^-n), -128, 127), E a table of 256 "
        "uint32";
    facts_.numbers =
        fmt::format("E[0] = {}, E[1] = {}, E[2] = {}; M0 = {}, n = {}, Zy = {}", op.exponentials[0],
                    op.exponentials[1], op.exponentials[2], op.m0, op.shift, op.zero_point);
  }

  void operator()(const ir::Reshape& op) {
    bytes_kept(op.input, op.output);
    facts_.formula = facts_.numbers = "y = x: the same bytes under another shape";
  }
  void operator()(const ir::Move& op) {
    bytes_kept(op.input, op.output);
    facts_.formula = facts_.numbers = "y = bytes of x in another arrangement, as they are";
  }
  void operator()(const ir::Concat& op) {
    bytes_kept(op.inputs.front(), op.output);
    facts_.formula = facts_.numbers = fmt::format(
        "y = {} inputs one behind the other, their bytes as they are", op.inputs.size());
  }

 private:
  const ir::Tensor& tensor(ir::TensorId id) const { return explanation_.graph.tensors[id]; }

  void input(ir::TensorId id) {
    facts_.zx = tensor(id).zero_point;
    facts_.sx = {static_cast<float>(tensor(id).scale)};
  }

  void bytes_kept(ir::TensorId from, ir::TensorId to) {
    facts_.kind = "move";
    input(from);
    facts_.zy = tensor(to).zero_point;
    facts_.sy = static_cast<float>(tensor(to).scale);
  }

  void stage(isa::Rounding rounding, int zero_point, int low, int high, bool has_table,
             ir::TensorId output) {
    facts_.rounding = rounding;
    facts_.zy = zero_point;
    facts_.low = low;
    facts_.high = high;
    facts_.has_table = has_table;
    // Before a table the layer has a scale of its own, which only the file knows; otherwise the
    // edge's.
    const bool is_stated = result_.scales.size() == 1;
    facts_.sy = is_stated ? result_.scales.front() : static_cast<float>(tensor(output).scale);
    if (has_table && !is_stated && !is_one_of_several())
      facts_.problems.push_back("the file states no scale between the layer and its table");
    if (!has_table && is_stated &&
        static_cast<double>(result_.scales.front()) != tensor(output).scale) {
      facts_.problems.push_back(
          fmt::format("the file gives the result the scale {}, the edge has {}",
                      result_.scales.front(), tensor(output).scale));
    }
    if (is_stated && facts_.kind != "average_pool" && result_.zero_points.front() != zero_point) {
      facts_.problems.push_back(
          fmt::format("the file gives the result the zero point {}, the layer adds {}",
                      result_.zero_points.front(), zero_point));
    }
  }

  void requant(const ir::Requant& r, ir::TensorId output) {
    stage(r.rounding, r.zero_point, r.low, r.high, r.table.has_value(), output);
  }

  void add_factor(std::string of, std::string formula, Rational exact_m, Rational defined,
                  uint32_t m0, int shift, Rational allowed) {
    // TFLite makes a multiplier below 2^-32 zero.
    if (is_tflite_ && m0 == 0) allowed = power_of_two(-32);
    facts_.factors.push_back({std::move(of), std::move(formula), std::move(exact_m),
                              std::move(defined), m0, shift, std::move(allowed)});
  }

  template <typename Op>
  void product(const char* kind, const Op& op) {
    facts_.kind = kind;
    facts_.zw = op.weight_zero;
    input(op.input);
    requant(op.requant, op.output);
    bound(op);
    if (is_resize()) return resize(op);
    if (is_one_of_several()) return;  // the weights are the compiler's
    const auto weights =
        facts_.main < 0 ? std::nullopt : weight_scaling(explanation_.source, facts_.main);
    if (!weights) {
      facts_.problems.push_back("the file states no scale for the weights");
      return;
    }
    facts_.sw = weights->scales;
    if (bias_behind()) return products_alone(op);
    // The weights are rounded to scales of the compiler's own; level 5 compares them with the file.
    if (weights->is_by_input) return;
    const size_t channels = op.requant.bias.size();
    const bool is_uniform = op.requant.m0.size() == 1 && facts_.sw.size() == 1;
    const bool has_phases = is_of({"ConvTranspose", "TRANSPOSE_CONV"});  // of the channels again
    if (facts_.sw.size() != 1 &&
        (has_phases ? channels % facts_.sw.size() != 0 : facts_.sw.size() != channels)) {
      facts_.problems.push_back(fmt::format("the file gives {} weight scales for {} channels",
                                            facts_.sw.size(), channels));
      return;
    }
    const Half first = products_in_front(op.input);
    for (size_t c = 0; c < (is_uniform ? 1 : channels); ++c) {
      const float sw = facts_.sw[c % facts_.sw.size()];
      const Rational m = exact_float(facts_.sx[0]) * exact_float(sw) / exact_float(*facts_.sy);
      if (!is_uniform && is_constant(first.requant ? first.weights : op.weights, c, channels,
                                     first.requant ? first.is_depthwise : is_depthwise(op),
                                     first.requant ? first.weight_zero : op.weight_zero))
        continue;  // no product reaches this channel
      if (first.requant) {
        add_second_factor(*first.requant, op.requant, m, c);
        continue;
      }
      const bool is_float_product = is_tflite_ && multiplies_in_float();
      const Rational defined =
          is_float_product ? Rational(exact_float(facts_.sx[0] * sw) / exact_float(*facts_.sy)) : m;
      const size_t i = op.requant.m0.size() == 1 ? 0 : c;
      add_factor(is_uniform ? "all channels" : fmt::format("channel {}", c), "Sx * Sw / Sy", m,
                 defined, op.requant.m0[i], op.requant.shift[i], allowed_for(m));
    }
  }

  // A layer whose bias lies between products is two (onnx/bias.h): the products as bytes, and 128
  // times these, with the bias.
  static constexpr int kSecondWeight = 128;

  struct Half {
    const ir::Requant* requant = nullptr;
    std::vector<int8_t> weights{};
    int weight_zero = 0;
    bool is_depthwise = false;
  };

  template <typename Op>
  static bool is_depthwise(const Op&) {
    return std::is_same_v<Op, ir::Depthwise>;
  }

  static bool is_constant(const std::vector<int8_t>& weights, size_t c, size_t channels,
                          bool is_depthwise, int zero) {
    const size_t fan_in = weights.size() / channels;
    for (size_t i = 0; i < fan_in; ++i) {
      if (weights[is_depthwise ? i * channels + c : c * fan_in + i] != zero) return false;
    }
    return true;
  }

  bool bias_behind() const {
    const ir::TensorId result = ir::output_of(node_.operation);
    return std::ranges::any_of(explanation_.graph.nodes, [&](const ir::Node& n) {
      const auto* second = std::get_if<ir::Depthwise>(&n.operation);
      const auto* alone = std::get_if<ir::Conv>(&n.operation);
      return n.type == "Bias" &&
             ((second && second->input == result) || (alone && alone->input == result));
    });
  }

  Half products_in_front(ir::TensorId input) const {
    if (node_.type != "Bias") return {};
    for (const ir::Node& n : explanation_.graph.nodes) {
      if (ir::output_of(n.operation) != input) continue;
      if (const auto* op = std::get_if<ir::Conv>(&n.operation))
        return {&op->requant, op->weights, op->weight_zero, false};
      if (const auto* op = std::get_if<ir::Depthwise>(&n.operation))
        return {&op->requant, op->weights, op->weight_zero, true};
    }
    return {};
  }

  static Rational factor_of(const ir::Requant& r, size_t c) {
    return Rational(r.m0[r.m0.size() == 1 ? 0 : c]) *
           power_of_two(-int{r.shift[r.shift.size() == 1 ? 0 : c]});
  }

  // The first half keeps a whole product by a power of two, or has the layer's own factor: the
  // second half's factor is held against the whole.
  template <typename Op>
  void products_alone(const Op& op) {
    const Rational m = factor_of(op.requant, 0);
    add_factor("products", "2^n, the rest is the Bias's", m, m, op.requant.m0[0],
               op.requant.shift[0], allowed_for(m));
  }

  void add_second_factor(const ir::Requant& first, const ir::Requant& second, const Rational& whole,
                         size_t c) {
    const Rational in_front = factor_of(first, c) * kSecondWeight;
    if (in_front == 0) return;
    const Rational m = whole / in_front;
    const size_t i = second.m0.size() == 1 ? 0 : c;
    // Where a half's factor is no power of two it was rounded to a float32 scale.
    add_factor(fmt::format("channel {}", c), "Sx * Sw / (128 * Mproducts * Sy)", m, m, second.m0[i],
               second.shift[i], m * power_of_two(-22));
  }

  bool is_of(std::initializer_list<std::string_view> types) const {
    return std::ranges::any_of(
        types, [&](std::string_view t) { return node_.type.find(t) != std::string::npos; });
  }

  // Where a node became several layers, whose values between them only the compiler knows.
  bool is_one_of_several() const {
    return node_.type == "Sum" || node_.type == "Mean" || node_.type == "Max" ||
           node_.type == "Min" || is_of({"PRelu", "PRELU", "ReduceMin", "REDUCE_MIN"});
  }

  // A linear resize is a sum over neighbours; its weights are the compiler's, whole numbers over
  // their sum.
  bool is_resize() const {
    return node_.type.find("Resize") != std::string::npos ||
           node_.type.find("Upsample") != std::string::npos;
  }
  template <typename Op>
  void resize(const Op& op) {
    const size_t channels = op.requant.bias.size(), taps = op.weights.size() / channels;
    int sum = 0;
    for (size_t t = 0; t < taps; ++t)
      sum += op.weights[std::is_same_v<Op, ir::Conv> ? t : t * channels];
    const Rational ratio = exact_float(facts_.sx[0]) / exact_float(*facts_.sy);
    const Rational defined = ratio * exact_float(1.0f / static_cast<float>(sum));
    add_factor("all channels", "Sx / (k * Sy)", ratio / sum, defined, op.requant.m0[0],
               op.requant.shift[0], allowed_for(defined, 23));
  }

  // TFLite multiplies the two scales in float32 for uint8 convolutions and for products with one
  // weight scale.
  bool multiplies_in_float() const {
    if (node_.type == "FULLY_CONNECTED") return facts_.sw.size() == 1;
    const auto& source = explanation_.source.node(facts_.main);
    return explanation_.source.tensor(source.inputs.at(0)).type == "uint8";
  }

  // Where acc + bias can lie, over all inputs (docs/arithmetic.md, section 3).
  template <typename Op>
  void bound(const Op& op) {
    const size_t channels = op.requant.bias.size(), taps = op.weights.size() / channels;
    constexpr bool kIsConv = std::is_same_v<Op, ir::Conv>;
    for (size_t c = 0; c < channels; ++c) {
      int64_t positive = 0, negative = 0;
      for (size_t t = 0; t < taps; ++t) {
        const int w = op.weights[kIsConv ? c * taps + t : t * channels + c] - op.weight_zero;
        (w > 0 ? positive : negative) += w > 0 ? w : -w;
      }
      const Integer bias = op.requant.bias[c];
      const Integer low = bias - Integer(128) * positive - Integer(127) * negative;
      const Integer high = bias + Integer(127) * positive + Integer(128) * negative;
      if (!facts_.accumulator_low || low < *facts_.accumulator_low) facts_.accumulator_low = low;
      if (!facts_.accumulator_high || high > *facts_.accumulator_high)
        facts_.accumulator_high = high;
    }
  }

  // One shift serves both operands: the larger factor has 31 bits.
  void exact_sum(const ir::Eltwise& op, const Rational& a, const Rational& b, const Rational& y) {
    const Rational ma = a / y, mb = b / y, allowed = allowed_for(std::max(ma, mb));
    add_factor("a", "Sa / Sy", ma, ma, op.a_m0, op.shift, allowed);
    add_factor("b", "Sb / Sy", mb, mb, op.b_m0, op.shift, allowed);
    facts_.accumulator_bits = 42;  // the eltwise unit's own sum (docs/arithmetic.md, section 4)
    const Integer bound = Integer(255) * op.a_m0 + Integer(255) * op.b_m0;
    facts_.accumulator_low = -bound;
    facts_.accumulator_high = bound;
  }

  void tflite_sum(const ir::Eltwise& op, float a, float b, float y) {
    const float twice = 2 * std::max(a, b);
    const bool is_sub = op.operation == isa::EltwiseOp::Sub;  // divides in float32
    const Rational ma = exact_float(a) / exact_float(twice),
                   mb = exact_float(b) / exact_float(twice);
    const Rational my = exact_float(twice) / (power_of_two(20) * exact_float(y));
    const auto defined = [&](const Rational& m, float in_float) {
      return is_sub ? exact_float(in_float) : m;
    };
    add_factor("a", "Sa / (2 max(Sa, Sb))", ma, defined(ma, a / twice), op.a_m0, 31 + op.a_shift,
               allowed_for(ma));
    add_factor("b", "Sb / (2 max(Sa, Sb))", mb, defined(mb, b / twice), op.b_m0, 31 + op.b_shift,
               allowed_for(mb));
    add_factor("sum", "2 max(Sa, Sb) / (2^20 * Sy)", my, defined(my, twice / (1048576.0f * y)),
               op.m0, op.shift, allowed_for(my));
    facts_.accumulator_low = -(Integer(1) << 28);
    facts_.accumulator_high = Integer(1) << 28;
  }

  const Explanation& explanation_;
  LayerFacts& facts_;
  const ir::Node& node_;
  bool is_tflite_;
  SourceScaling result_;
};

}  // namespace

LayerFacts facts_of(const Explanation& e, ir::NodeId node, LayerFacts facts) {
  facts.node = node;
  std::visit(Facts(e, facts), e.graph.nodes[node].operation);
  write_formulas(e, facts);
  return facts;
}

}  // namespace zahl::explain
