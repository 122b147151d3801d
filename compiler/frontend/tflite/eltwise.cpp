// Operations of two tensors, and softmax.
#include <fmt/format.h>

#include <algorithm>

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
    if (value.dims == output.dims || (value.constant && value.constant->size() == 1)) continue;
    const auto view =
        value.constant ? std::nullopt : broadcast(view_of(c.network, *operand), output.dims);
    if (view) {
      const Value like = value;
      *operand = c.in_order(op.node, add_view(c.network, op.node, like, like.name, *view));
      continue;
    }
    auto repeated = broadcast(value, output.dims, output.order);
    if (!repeated) {
      refuse<kOperandFits>(op.node, value.name, join(value.dims), join(output.dims));
    }
    Value full = value;
    full.dims = output.dims;
    full.order = output.order;
    full.constant = std::move(repeated);
    *operand = c.network.add(std::move(full));
  }
  c.add(op, layer);
}

void read_softmax(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  SoftmaxLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  layer.beta = options_of<tflite::SoftmaxOptions>(op).beta();
  require_dims(op.node, c.network.value(layer.output), c.network.value(layer.input).dims);
  c.add(op, layer);
}

constexpr std::string_view kEltwise = "an operation of two tensors";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::ADD, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::SUB, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::MUL, read_eltwise, kEltwise, kEltwiseRules},
    {BuiltinOperator::SOFTMAX, read_softmax, "softmax", kShapeRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_eltwise_operators() { return kRows; }

}  // namespace zahl::frontend
