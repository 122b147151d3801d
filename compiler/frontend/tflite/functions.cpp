#include "compiler/frontend/tflite/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/tflite_table.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using arithmetic::Table;
using tflite::BuiltinOperator;

// The factors of tables stay far from overflowing TFLite's left shift of a 9-bit value.
void require_table_ratio(const NodeName& node, double ratio) {
  if (!std::isfinite(ratio) || std::abs(ratio) >= 4194304.0) {
    refuse<kScaleRatio>(node, ratio);
  }
}

// What a row's function makes a table of.
struct Unary {
  const Operator& op;
  const Value &x, &y;
  arithmetic::UnaryScales scales;
  double ratio;  // input scale / output scale
};

template <Table (*kTabulate)(const Unary&)>
void of_byte(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  TableLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op), .table = {}};
  const Value &x = c.network.value(layer.input), &y = c.network.value(layer.output);
  require_dims(op.node, y, x.dims);
  const double ratio = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  require_table_ratio(op.node, ratio);
  layer.table = kTabulate({op, x, y, {x.scale, y.scale, x.zero_point, y.zero_point}, ratio});
  c.add(op, layer);
}

int bound(const Unary& u, float real, int from = -128) {
  return std::clamp(arithmetic::tfl_quantized_bound(real, u.y.scale, u.y.zero_point), from, 127);
}

Table rescale(const Unary& u) { return arithmetic::tfl_rescale(u.scales); }

Table relu(const Unary& u) { return arithmetic::tfl_rescale(u.scales, bound(u, 0), 127); }

Table relu6(const Unary& u) {
  if (!u.x.is_unsigned) {  // Micro's kernel, of int8 alone
    const auto of_input = [&](float real) {
      return std::clamp(arithmetic::tfl_quantized_bound(real, u.x.scale, u.x.zero_point), -128,
                        127);
    };
    return arithmetic::tfl_clamped_bytes(of_input(0), of_input(6));
  }
  const int from = bound(u, 0);
  return arithmetic::tfl_rescale(u.scales, from, bound(u, 6, from));
}

Table relu_n1_to_1(const Unary& u) {
  const int from = bound(u, -1);
  return arithmetic::tfl_rescale(u.scales, from, bound(u, 1, from));
}

// Micro computes the bytes of the scale 1/256, whatever scale the file states. It refuses other
// zero points and uint8; there LiteRT's table of float32 is what runs.
Table logistic(const Unary& u) {
  const bool is_fixed = u.y.zero_point == -128 && (!u.x.is_unsigned || u.y.scale == 1.0f / 256);
  if (!is_fixed)
    return arithmetic::tfl_function(u.scales, [](float x) { return 1.0f / (1.0f + std::exp(-x)); });
  require_table_ratio(u.op.node, static_cast<double>(u.x.scale) / 16);
  return arithmetic::tfl_logistic(u.scales);
}

// The same with 1/128; Micro does not look at the zero point either.
Table tanh(const Unary& u) {
  const bool is_fixed = !u.x.is_unsigned || (u.y.zero_point == 0 && u.y.scale == 1.0f / 128);
  if (!is_fixed) return arithmetic::tfl_function(u.scales, [](float x) { return std::tanh(x); });
  return arithmetic::tfl_tanh(u.scales);
}

Table hard_swish(const Unary& u) {
  const auto table = arithmetic::tfl_hard_swish(u.scales);
  if (!table) {
    refuse<kHardSwishOutput>(u.op.node);
  }
  return *table;
}

Table leaky_relu(const Unary& u) {
  const float alpha = options_of<tflite::LeakyReluOptions>(u.op).alpha();
  require_table_ratio(u.op.node, u.ratio * static_cast<double>(alpha));
  return arithmetic::tfl_leaky_relu(u.scales, alpha);
}

Table absolute(const Unary& u) { return arithmetic::tfl_absolute(u.scales); }

Table elu(const Unary& u) {
  return arithmetic::tfl_function(u.scales, [](float x) { return x < 0 ? std::exp(x) - 1 : x; });
}

Table exponential(const Unary& u) {
  return arithmetic::tfl_function(u.scales, [](float x) { return std::exp(x); });
}

Table gelu(const Unary& u) {
  if (!options_of<tflite::GeluOptions>(u.op).approximate())
    return arithmetic::tfl_function(
        u.scales, [](float x) { return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f)); });
  return arithmetic::tfl_function(u.scales, [](float x) {
    return 0.5f * x * (1.0f + std::tanh(0.7978845608f * (x + 0.044715f * x * x * x)));
  });
}

constexpr std::string_view kTable = "a table";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::LOGISTIC, of_byte<logistic>, kTable, kFunctionRules},
    {BuiltinOperator::TANH, of_byte<tanh>, kTable, kFunctionRules},
    {BuiltinOperator::HARD_SWISH, of_byte<hard_swish>, kTable, kHardSwishRules},
    {BuiltinOperator::LEAKY_RELU, of_byte<leaky_relu>, kTable, kFunctionRules},
    {BuiltinOperator::RELU, of_byte<relu>, kTable, kFunctionRules},
    {BuiltinOperator::RELU6, of_byte<relu6>, kTable, kFunctionRules},
    {BuiltinOperator::ABS, of_byte<absolute>, kTable, kFunctionRules},
    {BuiltinOperator::ELU, of_byte<elu>, kTable, kFunctionRules},
    {BuiltinOperator::GELU, of_byte<gelu>, kTable, kFunctionRules},
    {BuiltinOperator::EXP, of_byte<exponential>, kTable, kFunctionRules},
    {BuiltinOperator::RELU_N1_TO_1, of_byte<relu_n1_to_1>, kTable, kFunctionRules},
};

}  // namespace

void read_rescale(TfliteContext& c, const Operator& op) { of_byte<rescale>(c, op); }

std::span<const TfliteOperator> tflite_function_operators() { return kRows; }

}  // namespace zahl::frontend
