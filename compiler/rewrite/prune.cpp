#include <algorithm>
#include <set>

#include "compiler/rewrite/passes.h"

namespace zahl::rewrite {

void prune(ir::Graph& graph) {
  std::set<ir::TensorId> read;
  for (const ir::GraphPort& port : graph.outputs) read.insert(port.tensor);
  std::vector<ir::Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!read.contains(ir::output_of(node->operation))) continue;
    for (ir::TensorId id : ir::inputs_of(node->operation)) read.insert(id);
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);

  for (const ir::GraphPort& port : graph.inputs) read.insert(port.tensor);
  std::vector<ir::TensorId> moved(graph.tensors.size(), -1);
  std::vector<ir::Tensor> tensors;
  for (ir::TensorId id : read) {
    moved[static_cast<size_t>(id)] = static_cast<ir::TensorId>(tensors.size());
    tensors.push_back(std::move(graph.tensors[static_cast<size_t>(id)]));
  }
  graph.tensors = std::move(tensors);
  const auto move = [&](ir::TensorId& id) { id = moved[static_cast<size_t>(id)]; };
  for (ir::Node& node : graph.nodes) {
    ir::for_each_tensor(node.operation, move);
  }
  for (ir::GraphPort& port : graph.inputs) move(port.tensor);
  for (ir::GraphPort& port : graph.outputs) move(port.tensor);
}

}  // namespace zahl::rewrite
