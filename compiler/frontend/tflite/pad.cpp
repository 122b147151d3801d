// Padding.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

void read_pad(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  PadLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  const Value &x = c.network.value(layer.input), &y = c.network.value(layer.output);
  require_rank(op.node, x, 4);
  const std::vector<int64_t> amounts = c.file.integers(op.node, op.inputs[1]);
  if (amounts.size() != 8) refuse<kPadAmounts>(op.node);
  for (int64_t amount : amounts) {
    if (amount < 0 || amount > 65535) refuse<kPadInRange>(op.node, amount);
  }
  if (amounts[0] != 0 || amounts[1] != 0 || amounts[6] != 0 || amounts[7] != 0) {
    refuse<kPadMap>(op.node);
  }
  layer.padding = {.top = static_cast<int>(amounts[2]),
                   .bottom = static_cast<int>(amounts[3]),
                   .left = static_cast<int>(amounts[4]),
                   .right = static_cast<int>(amounts[5])};
  require_dims(op.node, y,
               {x.dims[0], x.dims[1] + amounts[2] + amounts[3], x.dims[2] + amounts[4] + amounts[5],
                x.dims[3]});
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse<kSameScale>(op.node);
  }
  layer.value = x.zero_point;
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    const Value& constant = c.network.value(c.input_of(op, 2));
    if (!constant.constant || constant.constant->size() != 1) refuse<kPadValue>(op.node);
    layer.value = constant.constant->front();
  }
  c.add(op, layer);
}

constexpr std::string_view kPadding = "a part of the operator that reads it";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::PAD, read_pad, kPadding, kPadRules},
    {BuiltinOperator::PADV2, read_pad, kPadding, kPadRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_pad_operators() { return kRows; }

}  // namespace zahl::frontend
