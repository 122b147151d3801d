// Padding.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"

namespace zahl::frontend {
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

void read_pad(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  PadLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  const Value &x = c.network.value(layer.input), &y = c.network.value(layer.output);
  require_rank(op.node, x, 4);
  const std::vector<int64_t> amounts = c.file.integers(op.node, op.inputs[1]);
  if (amounts.size() != 8)
    refuse(op.node, "it does not name an amount before and after for each of four axes",
           kIntactTflite);
  for (int64_t amount : amounts) {
    if (amount < 0 || amount > 65535)
      refuse(op.node, fmt::format("the padding {} is out of range", amount), "use 0 to 65535");
  }
  if (amounts[0] != 0 || amounts[1] != 0 || amounts[6] != 0 || amounts[7] != 0) {
    refuse(op.node, "it pads batch or channels", "pad height and width only");
  }
  layer.padding = {.top = static_cast<int>(amounts[2]),
                   .bottom = static_cast<int>(amounts[3]),
                   .left = static_cast<int>(amounts[4]),
                   .right = static_cast<int>(amounts[5])};
  require_dims(op.node, y,
               {x.dims[0], x.dims[1] + amounts[2] + amounts[3], x.dims[2] + amounts[4] + amounts[5],
                x.dims[3]});
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse(op.node, "its input and output have different scales, which TFLite forbids",
           "convert the model again");
  }
  layer.value = x.zero_point;
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    const Value& constant = c.network.value(c.input_of(op, 2));
    if (!constant.constant || constant.constant->size() != 1)
      refuse(op.node, "its padding value is not a constant", "pad with a constant");
    layer.value = constant.constant->front();
  }
  c.add(op, layer);
}

constexpr std::string_view kPadding = "a part of the operator that reads it";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::PAD, read_pad, kPadding},
    {BuiltinOperator::PADV2, read_pad, kPadding},
};

}  // namespace

std::span<const TfliteOperator> tflite_pad_operators() { return kRows; }

}  // namespace zahl::frontend
