// Beyond the first operator that cannot be read: for explaining, not for compiling.
#include <algorithm>

#include "compiler/frontend/tflite/reader.h"

namespace zahl::frontend {

void TfliteReader::read_or_leave(const TfliteFile::Operator& op) {
  const size_t layers = context_.network.layers.size();
  try {
    return read_operator(op);
  } catch (const Refusal& refusal) {
    context_.network.layers.resize(layers);
    left_->push_back({op.node, refusal.parts().reason, refusal.parts().remedy, false});
  }
  for (int index : op.inputs) {
    const auto known = context_.values.find(index);
    if (known == context_.values.end() || context_.network.value(known->second).constant) continue;
    context_.network.outputs.push_back(
        {context_.in_order(op.node, known->second),
         {.type = ir::HostView::Type::Int8, .shape = context_.file.dims(index)}});
  }
  for (int index : op.outputs) {
    try {
      const ir::HostView view{.type = ir::HostView::Type::Int8, .shape = context_.file.dims(index)};
      context_.network.inputs.push_back({context_.value_of(op.node, index), view});
    } catch (const Refusal&) {
      continue;  // a floating-point result: whoever reads it is left as well
    }
  }
}

void TfliteReader::leave_outputs() {
  if (left_->empty()) return read_outputs();
  for (int index : context_.file.outputs()) {
    if (const auto known = context_.values.find(index); known != context_.values.end()) {
      context_.network.outputs.push_back(
          {context_.in_order({context_.file.name(index), "graph output"}, known->second),
           {.type = ir::HostView::Type::Int8, .shape = context_.file.dims(index)}});
    }
  }
}

}  // namespace zahl::frontend
