// Operations of two tensors, and softmax.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/tflite_table.h"
#include "compiler/frontend/network/several.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"
#include "compiler/frontend/tflite/windows.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

// The operand with the dimensions of the output.
ValueId repeated(TfliteContext& c, const Operator& op, ValueId operand, const Value& output) {
  const Value value = c.network.value(operand);
  if (value.dims == output.dims) return operand;
  const auto view =
      value.constant ? std::nullopt : broadcast(view_of(c.network, operand), output.dims);
  if (view) return c.in_order(op.node, add_view(c.network, op.node, value, value.name, *view));
  auto constant = broadcast(value, output.dims, output.order);
  if (!constant) refuse<kOperandFits>(op.node, value.name, join(value.dims), join(output.dims));
  Value full = value;
  full.dims = output.dims;
  full.order = output.order;
  full.constant = std::move(constant);
  return c.network.add(std::move(full));
}

void read_eltwise(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  EltwiseLayer layer{.a = c.input_of(op, 0), .b = c.input_of(op, 1), .output = c.output_of(op)};
  tflite::ActivationFunctionType activation{};
  if (op.code == BuiltinOperator::ADD) {
    activation = options_of<tflite::AddOptions>(op).fused_activation_function();
  } else if (op.code == BuiltinOperator::SUB) {
    layer.operation = isa::EltwiseOp::Sub;
    activation = options_of<tflite::SubOptions>(op).fused_activation_function();
  } else {
    layer.operation = isa::EltwiseOp::Mul;
    activation = options_of<tflite::MulOptions>(op).fused_activation_function();
  }
  layer.clamp = clamp_of(op.node, activation);
  const Value output = c.network.value(layer.output);
  for (ValueId* operand : {&layer.a, &layer.b}) {
    const Value& value = c.network.value(*operand);
    if (!value.constant || value.constant->size() != 1)
      *operand = repeated(c, op, *operand, output);
  }
  c.add(op, layer);
}

// MAXIMUM and MINIMUM compare the bytes, whatever their scales.
void read_extreme(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const bool is_minimum = op.code == BuiltinOperator::MINIMUM;
  const Value output = c.network.value(c.output_of(op));
  const ValueId a = c.input_of(op, 0), b = c.input_of(op, 1);
  for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
    const Value& value = c.network.value(one);
    if (!value.constant || value.constant->size() != 1) continue;
    require_dims(op.node, c.network.value(other), output.dims);
    TableLayer layer{.input = other, .output = c.output_of(op), .table = {}};
    const int8_t bound = value.constant->front();
    for (int q = -128; q < 128; ++q) {
      const auto x = static_cast<int8_t>(q);
      layer.table[static_cast<size_t>(q + 128)] =
          is_minimum ? std::min(x, bound) : std::max(x, bound);
    }
    return c.add(op, layer);
  }
  const ValueId beside = beside_each_other(
      c.network, op.node, {repeated(c, op, a, output), repeated(c, op, b, output)});
  const ValueId result = extreme_of(c.network, op.node, beside, 2, is_minimum);
  c.add(op, ReshapeLayer{result, c.output_of(op)});
}

// Above zero a change of scale, a table; below it a product with the slopes, a filter of one tap
// where they are one a channel. One of both is zero, so their sum is exact.
void read_prelu(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId x = c.input_of(op, 0), y = c.output_of(op);
  const Value input = c.network.value(x), output = c.network.value(y);
  require_dims(op.node, output, input.dims);
  const Value slopes = c.network.value(c.input_of(op, 1));
  if (!slopes.constant) refuse<kConstantSlopes>(op.node, slopes.name);
  const double ratio = static_cast<double>(input.scale) / static_cast<double>(output.scale);
  if (!std::isfinite(ratio) || ratio >= 4194304.0) refuse<kScaleRatio>(op.node, ratio);
  TableLayer above{.input = x, .output = c.network.add(output), .table = {}}, below = above;
  above.table = arithmetic::tfl_rescale(
      {input.scale, output.scale, input.zero_point, output.zero_point}, output.zero_point, 127);
  for (int q = -128; q < 128; ++q)
    below.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(std::min(q, input.zero_point));
  below.output = c.network.add(input);
  c.add(op, above);
  c.add(op, below);
  const ValueId product = c.network.add(output);
  c.network.value(above.output).name += " (above zero)";
  c.network.value(below.output).name += " (below zero)";
  c.network.value(product).name += " (below zero)";
  const auto channels = static_cast<size_t>(memory_shape(input).c);
  if (slopes.constant->size() == channels && !slopes.dims.empty() &&
      slopes.dims.back() == static_cast<int64_t>(channels)) {
    ConvLayer layer{.input = below.output, .output = product};
    layer.groups = layer.out_channels = static_cast<int>(channels);
    layer.weights = *slopes.constant;
    layer.weight_zero = slopes.zero_point;
    layer.weight_scales = {slopes.scale};
    c.add(op, std::move(layer));
  } else {
    const ValueId full = repeated(c, op, c.input_of(op, 1), output);
    c.add(op, EltwiseLayer{below.output, full, product, isa::EltwiseOp::Mul});
  }
  c.add(op, EltwiseLayer{above.output, product, y});
}

void read_softmax(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  SoftmaxLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  layer.beta = options_of<tflite::SoftmaxOptions>(op).beta();
  require_dims(op.node, c.network.value(layer.output), c.network.value(layer.input).dims);
  c.add(op, layer);
}

constexpr std::string_view kExtreme = "a maximum pool over the operands; with a number a table";
constexpr std::string_view kEltwise = "an operation of two tensors";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::ADD, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::SUB, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::MUL, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::MAXIMUM, read_extreme, kExtreme, kExtremeRules},
    {BuiltinOperator::MINIMUM, read_extreme, kExtreme, kExtremeRules},
    {BuiltinOperator::PRELU, read_prelu, "a filter of one tap and a table, added", kPreluRules},
    {BuiltinOperator::SOFTMAX, read_softmax, "softmax", kShapeRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_eltwise_operators() { return kRows; }

}  // namespace zahl::frontend
