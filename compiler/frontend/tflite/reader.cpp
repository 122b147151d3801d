#include "compiler/frontend/tflite/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/read.h"
#include "compiler/frontend/tflite/rules.h"
#include "compiler/frontend/tflite/shapes.h"

namespace zahl::frontend {

using namespace tflite_rules;

using tflite::TensorType;

Network read_tflite(std::span<const uint8_t> bytes, std::vector<LeftInFloat>* left) {
  const TfliteFile file(bytes);
  return TfliteReader(file, left).read();
}

Network TfliteReader::read() {
  context_.network.format = "tflite";
  context_.network.arithmetic = Arithmetic::Tflite;
  read_inputs();
  for (const TfliteFile::Operator& op : context_.file.operators())
    left_ ? read_or_leave(op) : read_operator(op);
  left_ ? leave_outputs() : read_outputs();
  return std::move(context_.network);
}

void TfliteReader::read_inputs() {
  for (int index : context_.file.inputs()) {
    const NodeName node{context_.file.name(index), "graph input"};
    const TensorType type = context_.file.tensor(index).type();
    ir::HostView view{.type = ir::HostView::Type::Float32,
                      .shape = context_.file.dims(index),
                      .channels_first = false};
    if (type == TensorType::FLOAT32) {
      context_.float_ports[index] = view;  // its QUANTIZE makes the port
      continue;
    }
    if (type != TensorType::INT8 && type != TensorType::UINT8)
      refuse_type(node, context_.file.name(index), type);
    view.type = type == TensorType::UINT8 ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
    context_.network.inputs.push_back(
        {context_.value_of(node, index), view, context_.file.name(index)});
  }
}

void TfliteReader::read_outputs() {
  for (int index : context_.file.outputs()) {
    const NodeName node{context_.file.name(index), "graph output"};
    const TensorType type = context_.file.tensor(index).type();
    ir::HostView view{.type = ir::HostView::Type::Float32,
                      .shape = context_.file.dims(index),
                      .channels_first = false};
    const auto known = context_.values.find(index);
    if (known == context_.values.end()) refuse(node, "no operator computes it", kIntactTflite);
    if (type != TensorType::FLOAT32)
      view.type = type == TensorType::UINT8 ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
    context_.network.outputs.push_back(
        {context_.in_order(node, known->second), view, context_.file.name(index)});
  }
  if (context_.network.inputs.empty()) {
    refuse("no QUANTIZE operator reads the floating-point graph input: this is a float model",
           kQuantizeTflite);
  }
}

void TfliteReader::read_operator(const TfliteFile::Operator& op) {
  if (computes_shape(context_, op)) return;
  const TfliteOperator* row = find_operator(op.code);
  if (row) return frontend::read(context_, op, *row);
  for (int index : op.inputs) {  // a float model is refused as one, whatever its operators are
    if (index >= 0 && context_.file.tensor(index).type() == TensorType::FLOAT32)
      refuse_type(op.node, context_.file.name(index), TensorType::FLOAT32);
  }
  refuse<kInTable>(op.node);
}

}  // namespace zahl::frontend
