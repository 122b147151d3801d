// Beyond the first operator that cannot be read: for explaining, not for compiling.
#include <algorithm>

#include "compiler/frontend/tflite/reader.h"

namespace zahl::frontend {

void TfliteReader::read_or_leave(const Operator& op) {
  const size_t layers = network_.layers.size();
  try {
    return read_operator(op);
  } catch (const Refusal& refusal) {
    network_.layers.resize(layers);
    left_->push_back({op.node, refusal.parts().reason, refusal.parts().remedy, false});
  }
  for (int index : op.inputs) {
    const auto known = values_.find(index);
    if (known == values_.end() || network_.value(known->second).constant) continue;
    network_.outputs.push_back({in_order(op.node, known->second),
                                {.type = ir::HostView::Type::Int8, .shape = file_.dims(index)}});
  }
  for (int index : op.outputs) {
    try {
      const ir::HostView view{.type = ir::HostView::Type::Int8, .shape = file_.dims(index)};
      network_.inputs.push_back({value_of(op.node, index), view});
    } catch (const Refusal&) {
      continue;  // a floating-point result: whoever reads it is left as well
    }
  }
}

void TfliteReader::leave_outputs() {
  if (left_->empty()) return read_outputs();
  for (int index : file_.outputs()) {
    if (const auto known = values_.find(index); known != values_.end()) {
      network_.outputs.push_back({in_order({file_.name(index), "graph output"}, known->second),
                                  {.type = ir::HostView::Type::Int8, .shape = file_.dims(index)}});
    }
  }
}

}  // namespace zahl::frontend
