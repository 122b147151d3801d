// Padding.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/pieces.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

// Amounts before and behind each axis.
std::vector<std::pair<int64_t, int64_t>> amounts_of(TfliteContext& c, const Operator& op,
                                                    const Value& x) {
  const std::vector<int64_t> amounts = c.file.integers(op.node, op.inputs[1]);
  if (amounts.size() != 2 * x.dims.size()) refuse<kPadAmounts>(op.node);
  std::vector<std::pair<int64_t, int64_t>> result;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    result.emplace_back(amounts[2 * axis], amounts[2 * axis + 1]);
    for (int64_t amount : {result[axis].first, result[axis].second}) {
      if (amount < 0 || amount > kMostPadding) refuse<kPadInRange>(op.node, amount);
    }
  }
  return result;
}

// The output, which the file must agree with.
Value padded(TfliteContext& c, const Operator& op, const Value& x,
             const std::vector<std::pair<int64_t, int64_t>>& amounts) {
  const Value y = c.network.value(c.output_of(op));
  std::vector<int64_t> dims = x.dims;
  for (size_t axis = 0; axis < dims.size(); ++axis)
    dims[axis] += amounts[axis].first + amounts[axis].second;
  require_dims(op.node, y, dims);
  if (x.scale != y.scale || x.zero_point != y.zero_point) refuse<kSameScale>(op.node);
  return y;
}

void put_together(TfliteContext& c, const Operator& op, ValueId id, const std::string& name,
                  const std::vector<std::pair<int64_t, int64_t>>& amounts, Beyond beyond,
                  int value) {
  for (size_t axis = 0; axis < amounts.size(); ++axis) {
    const auto [before, behind] = amounts[axis];
    const int64_t size = c.network.value(id).dims[axis];
    if (before != 0 || behind != 0)
      id = gathered(c.network, op.node, id, axis, padded_indices(size, before, behind, beyond),
                    name, static_cast<int8_t>(value));
  }
  c.values[op.outputs.front()] = id;
}

void read_pad(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  const ValueId input = c.input_of(op, 0);
  const Value x = c.network.value(input);
  const auto amounts = amounts_of(c, op, x);
  const Value y = padded(c, op, x, amounts);
  int value = x.zero_point;
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    const Value& constant = c.network.value(c.input_of(op, 2));
    if (!constant.constant || constant.constant->size() != 1) refuse<kPadValue>(op.node);
    value = constant.constant->front();
  }
  const std::pair<int64_t, int64_t> none;
  if (amounts.size() != 4 || amounts[0] != none || amounts[3] != none)
    return put_together(c, op, input, y.name, amounts, Beyond::Filling, value);
  PadLayer layer{.input = input, .output = c.output_of(op)};
  layer.padding = {.top = static_cast<int>(amounts[1].first),
                   .bottom = static_cast<int>(amounts[1].second),
                   .left = static_cast<int>(amounts[2].first),
                   .right = static_cast<int>(amounts[2].second)};
  layer.value = value;
  c.add(op, layer);
}

void read_mirror_pad(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const bool is_reflect =
      options_of<tflite::MirrorPadOptions>(op).mode() == tflite::MirrorPadMode::REFLECT;
  const ValueId input = c.input_of(op, 0);
  const Value x = c.network.value(input);
  const auto amounts = amounts_of(c, op, x);
  for (size_t axis = 0; axis < amounts.size(); ++axis) {
    const int64_t most = std::max(amounts[axis].first, amounts[axis].second);
    if (most > x.dims[axis] - (is_reflect ? 1 : 0)) refuse<kMirrored>(op.node, most, x.dims[axis]);
  }
  put_together(c, op, input, padded(c, op, x, amounts).name, amounts,
               is_reflect ? Beyond::Reflect : Beyond::Symmetric, 0);
}

constexpr std::string_view kPadding = "a part of the operator that reads it, or a concatenation";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::PAD, read_pad, kPadding, kPadRules},
    {BuiltinOperator::PADV2, read_pad, kPadding, kPadRules},
    {BuiltinOperator::MIRROR_PAD, read_mirror_pad, "a concatenation", kMirrorPadRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_pad_operators() { return kRows; }

}  // namespace zahl::frontend
