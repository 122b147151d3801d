// A TFLite file as nodes and tensors.
#include <algorithm>
#include <cctype>

#include "compiler/frontend/tflite/file.h"
#include "compiler/frontend/tflite/read.h"

namespace zahl::frontend {

SourceGraph source_of_tflite(const std::vector<uint8_t>& bytes) {
  const TfliteFile file(bytes);
  SourceGraph graph;
  graph.is_tflite = true;
  for (int i = 0; i < file.tensor_count(); ++i) {
    const tflite::Tensor& t = file.tensor(i);
    SourceTensor tensor{
        .name = file.name(i), .type = tflite::EnumNameTensorType(t.type()), .dims = file.dims(i)};
    std::ranges::transform(tensor.type, tensor.type.begin(),
                           [](char c) { return static_cast<char>(std::tolower(c)); });
    if (const auto* q = t.quantization(); q && q->scale() && q->zero_point()) {
      tensor.scales.assign(q->scale()->begin(), q->scale()->end());
      tensor.zero_points.assign(q->zero_point()->begin(), q->zero_point()->end());
    }
    graph.tensors.push_back(std::move(tensor));
  }
  for (const TfliteFile::Operator& op : file.operators()) {
    SourceNode node{.node = op.node, .domain = "", .inputs = op.inputs, .outputs = op.outputs};
    const bool from_float =
        !op.inputs.empty() && op.inputs[0] >= 0 && graph.tensor(op.inputs[0]).type == "float32";
    if (op.code == tflite::BuiltinOperator::QUANTIZE && from_float)
      node.pair = SourceNode::Pair::Quantize;
    if (op.code == tflite::BuiltinOperator::DEQUANTIZE) node.pair = SourceNode::Pair::Dequantize;
    graph.nodes.push_back(std::move(node));
  }
  graph.inputs = file.inputs();
  graph.outputs = file.outputs();
  std::vector<bool> is_computed(graph.tensors.size(), false);
  for (int id : graph.inputs) is_computed[static_cast<size_t>(id)] = true;
  for (const SourceNode& node : graph.nodes) {
    for (int id : node.outputs) is_computed[static_cast<size_t>(id)] = true;
  }
  for (size_t i = 0; i < graph.tensors.size(); ++i) graph.tensors[i].is_constant = !is_computed[i];
  return graph;
}

}  // namespace zahl::frontend
