// Operators of TfliteReader that change shapes alone.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/tflite_checks.h"
#include "compiler/frontend/tflite_reader.h"

namespace zahl::frontend {

void TfliteReader::read_reshape(const Operator& op) {
  require_operands(op, 1, 2);
  const ReshapeLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const Value &x = network_.value(layer.input), &y = network_.value(layer.output);
  if (element_count(op.node, x.dims) != element_count(op.node, y.dims)) {
    refuse(op.node, fmt::format("it makes {} from {}", join(y.dims), join(x.dims)), kIntactTflite);
  }
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse(op.node, "its input and output have different scales, which TFLite forbids", "convert the model again");
  }
  add(op, layer);
}

void TfliteReader::read_transpose(const Operator& op) {
  require_operands(op, 2, 2);
  const std::vector<int64_t> permutation = file_.integers(op.node, op.inputs[1]);
  const Value& x = network_.value(input_of(op, 0));
  std::vector<int> order;
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i) || sorted.size() != x.dims.size())
      refuse(op.node, "its permutation is not one", kIntactTflite);
    order.push_back(static_cast<int>(permutation[i]));
  }
  if (!same_layout(x.dims, order, plain_order(order.size()))) {
    refuse(op.node, fmt::format("the permutation {} of the shape {} moves data", join(permutation), join(x.dims)),
           "only move axes of size one");
  }
  Operator reshape = op;
  reshape.inputs.resize(1);
  read_reshape(reshape);
}

void TfliteReader::read_pad(const Operator& op) {
  require_operands(op, 2, 3);
  PadLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const Value &x = network_.value(layer.input), &y = network_.value(layer.output);
  require_rank(op.node, x, 4);
  const std::vector<int64_t> amounts = file_.integers(op.node, op.inputs[1]);
  if (amounts.size() != 8)
    refuse(op.node, "it does not name an amount before and after for each of four axes", kIntactTflite);
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
               {x.dims[0], x.dims[1] + amounts[2] + amounts[3], x.dims[2] + amounts[4] + amounts[5], x.dims[3]});
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse(op.node, "its input and output have different scales, which TFLite forbids", "convert the model again");
  }
  layer.value = x.zero_point;
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    const Value& constant = network_.value(input_of(op, 2));
    if (!constant.constant || constant.constant->size() != 1)
      refuse(op.node, "its padding value is not a constant", "pad with a constant");
    layer.value = constant.constant->front();
  }
  add(op, layer);
}

}  // namespace zahl::frontend
