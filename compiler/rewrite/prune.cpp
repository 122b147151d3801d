#include "compiler/rewrite/prune.h"

#include <algorithm>
#include <set>

namespace zahl::rewrite {

void prune(ir::Graph& graph) {
  std::set<ir::TensorId> read;
  for (const ir::GraphPort& port : graph.outputs) read.insert(port.tensor);
  ir::Indexed<ir::NodeId, ir::Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!read.contains(ir::output_of(node->operation))) continue;
    for (ir::TensorId id : ir::inputs_of(node->operation)) read.insert(id);
    kept.add(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);

  for (const ir::GraphPort& port : graph.inputs) read.insert(port.tensor);
  ir::Indexed<ir::TensorId, ir::TensorId> moved(graph.tensors.size());
  ir::Indexed<ir::TensorId, ir::Tensor> tensors;
  for (ir::TensorId id : read) moved[id] = tensors.add(std::move(graph.tensors[id]));
  graph.tensors = std::move(tensors);
  const auto move = [&](ir::TensorId& id) { id = moved[id]; };
  for (ir::Node& node : graph.nodes) {
    ir::for_each_tensor(node.operation, move);
  }
  for (ir::GraphPort& port : graph.inputs) move(port.tensor);
  for (ir::GraphPort& port : graph.outputs) move(port.tensor);
}

}  // namespace zahl::rewrite
