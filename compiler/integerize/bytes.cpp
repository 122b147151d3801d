// Layers that leave bytes as they are, or look them up.
#include <algorithm>
#include <stdexcept>

#include "compiler/integerize/integerize.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

// Which of N, H, W, C the axis of the dimensions is; refuses what the shape in memory does not tell
// apart.
int memory_axis(const LayerContext& context, const frontend::ConcatLayer& layer) {
  const frontend::Value& output = context.network.value(layer.output);
  const auto place = std::ranges::find(output.order, layer.axis) - output.order.begin();
  const int axis = static_cast<int>(place) + 4 - static_cast<int>(output.order.size());
  if (axis < 1) {
    frontend::refuse<kBatchesApart>(context.node);
  }
  return axis;
}

}  // namespace

ir::Operation integerize_layer(const LayerContext&, const frontend::TableLayer& layer) {
  return ir::Lookup{tensor_of(layer.input), tensor_of(layer.output), layer.table};
}

ir::Operation integerize_layer(const LayerContext&, const frontend::ReshapeLayer& layer) {
  return ir::Reshape{tensor_of(layer.input), tensor_of(layer.output)};
}

ir::Operation integerize_layer(const LayerContext& context, const frontend::ConcatLayer& layer) {
  ir::Concat concat{{}, tensor_of(layer.output), memory_axis(context, layer)};
  for (frontend::ValueId id : layer.inputs) concat.inputs.push_back(tensor_of(id));
  return concat;
}

ir::Operation integerize_layer(const LayerContext&, const frontend::MoveLayer& layer) {
  return ir::Move{tensor_of(layer.input), tensor_of(layer.output), layer.offset, layer.axes};
}

ir::Operation integerize_layer(const LayerContext&, const frontend::PadLayer&) {
  throw std::logic_error("padding is left after fold_padding");
}

}  // namespace zahl::integerize
