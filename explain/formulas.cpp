// A layer's formula, once in symbols and once with its own numbers.
#include <fmt/format.h>

#include <algorithm>

#include "explain/explanation.h"

namespace zahl::explain {
namespace {

// "x - 3", "x + 128", "x".
std::string minus(const std::string& name, int zero) {
  if (zero == 0) return name;
  return zero > 0 ? fmt::format("({} - {})", name, zero) : fmt::format("({} + {})", name, -zero);
}

std::string plus(const std::string& term, int64_t value) {
  if (value == 0) return term;
  return value > 0 ? fmt::format("{} + {}", term, value) : fmt::format("{} - {}", term, -value);
}

std::string times_m(const Factor& f) { return fmt::format("{} * 2^-{}", f.m0, f.shift); }

// y = clamp(zero + round(what), low, high), then the table; 0 as zero point is left out.
std::string finished(const LayerFacts& f, const std::string& what) {
  const std::string rounded = fmt::format("round({})", what);
  const std::string sum = f.zy == 0 ? rounded : fmt::format("{} + {}", f.zy, rounded);
  const std::string y = fmt::format("clamp({}, {}, {})", sum, f.low, f.high);
  return f.has_table ? fmt::format("y = T[{}]", y) : fmt::format("y = {}", y);
}

std::string symbols(const LayerFacts& f, const std::string& what) {
  const std::string y = fmt::format("clamp(Zy + round({}), low, high)", what);
  return f.has_table ? fmt::format("y = T[{}], T a table of 256 bytes", y)
                     : fmt::format("y = {}", y);
}

// The bias of the user's own formula: the folded one without -Zx * sum(w - Zw).
template <typename Op>
int64_t users_bias(const Op& op, int zx) {
  const size_t channels = op.requant.bias.size(), taps = op.weights.size() / channels;
  int64_t sum = 0;
  for (size_t t = 0; t < taps; ++t)
    sum += op.weights[std::is_same_v<Op, ir::Conv> ? t : t * channels] - op.weight_zero;
  return op.requant.bias[0] + zx * sum;
}

class Writer {
 public:
  Writer(const Explanation& e, LayerFacts& f) : explanation_(e), facts_(f) {}

  void operator()(const ir::Conv& op) { product(op); }
  void operator()(const ir::Depthwise& op) { product(op); }
  void operator()(const ir::MaxPool& op) {
    const Factor& m = facts_.factors.front();
    if (m.m0 == 1 && m.shift == 0 && !facts_.has_table) {
      facts_.formula = "y = clamp(max(x), low, high)";
      facts_.numbers = facts_.low == -128 && facts_.high == 127
                           ? "y = max(x)"
                           : fmt::format("y = clamp(max(x), {}, {})", facts_.low, facts_.high);
      static_cast<void>(op);
      return;
    }
    facts_.formula = symbols(facts_, "(max(x) - Zx) * M0 * 2^-n");
    facts_.numbers =
        finished(facts_, fmt::format("{} * {}", minus("max(x)", facts_.zx), times_m(m)));
  }
  void operator()(const ir::AveragePool& op) {
    facts_.formula = symbols(facts_, "sum(x - Zx) * M0 * 2^-n");
    facts_.numbers =
        finished(facts_, fmt::format("sum of {} taps {} * {}", op.kernel_h * op.kernel_w,
                                     minus("x", op.input_zero), times_m(facts_.factors.front())));
  }
  void operator()(const ir::Eltwise& op) {
    const std::string a = minus("a", op.a_zero), b = minus("b", op.b_zero);
    const char sign = op.operation == isa::EltwiseOp::Sub ? '-' : '+';
    if (op.operation == isa::EltwiseOp::Mul) {
      facts_.formula = symbols(facts_, "(a - Za) * (b - Zb) * M0 * 2^-n");
      facts_.numbers =
          finished(facts_, fmt::format("{} * {} * {}", a, b, times_m(facts_.factors.front())));
    } else if (op.exact) {
      facts_.formula =
          symbols(facts_, fmt::format("((a - Za) * Ma {} (b - Zb) * Mb) * 2^-n", sign));
      facts_.numbers = finished(facts_, fmt::format("({} * {} {} {} * {}) * 2^-{}", a, op.a_m0,
                                                    sign, b, op.b_m0, op.shift));
    } else {
      facts_.formula = symbols(facts_, fmt::format("(A {} B) * M0 * 2^-n", sign)) +
                       ", A = round((a - Za) * 2^20 * Ma * 2^-na), B likewise";
      facts_.numbers =
          finished(facts_, fmt::format("(round({} * 2^20 * {}) {} round({} * 2^20 * {})) * {}", a,
                                       times_m(facts_.factors[0]), sign, b,
                                       times_m(facts_.factors[1]), times_m(facts_.factors[2])));
    }
  }

  // What the layer's facts say already (layer_facts.cpp).
  template <typename Op>
  void operator()(const Op&) {}

 private:
  template <typename Op>
  void product(const Op& op) {
    facts_.formula = symbols(facts_, "(sum((x - Zx) * (w - Zw)) + b) * M0 * 2^-n");
    if (facts_.factors.empty()) return;
    const std::string sum =
        fmt::format("sum({} * {})", minus("x", facts_.zx), minus("w", facts_.zw));
    facts_.numbers = finished(facts_, fmt::format("({}) * {}", plus(sum, users_bias(op, facts_.zx)),
                                                  times_m(facts_.factors.front())));
  }

  const Explanation& explanation_;
  LayerFacts& facts_;
};

}  // namespace

void write_formulas(const Explanation& e, LayerFacts& f) {
  std::visit(Writer(e, f), e.graph.nodes[f.node].operation);
  if (!f.rounding || f.kind == "softmax") return;
  const auto real = [&](int q) {
    return decimal(Rational(q - f.zy) * exact(static_cast<double>(*f.sy)), 4);
  };
  f.clamp = f.low == -128 && f.high == 127
                ? "the range of int8, nothing more"
                : fmt::format("real {} to {}: an activation", real(f.low), real(f.high));
}

}  // namespace zahl::explain
