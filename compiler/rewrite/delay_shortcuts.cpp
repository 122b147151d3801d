#include "compiler/rewrite/delay_shortcuts.h"

#include <algorithm>

namespace zahl::rewrite {
namespace {

// The nodes that make and that read a tensor.
struct Ends {
  ir::NodeId producer;
  int readers = 0;
};

ir::Indexed<ir::TensorId, Ends> ends_of(const ir::Graph& graph) {
  ir::Indexed<ir::TensorId, Ends> ends(graph.tensors.size());
  for (ir::NodeId n : graph.nodes.ids()) {
    ends[ir::output_of(graph.nodes[n].operation)].producer = n;
    for (ir::TensorId t : ir::inputs_of(graph.nodes[n].operation)) ++ends[t].readers;
  }
  for (const auto& port : graph.outputs) ++ends[port.tensor].readers;
  return ends;
}

bool is_conv(const ir::Graph& graph, ir::NodeId node) {
  return node.exists() && std::holds_alternative<ir::Conv>(graph.nodes[node].operation);
}

}  // namespace

ir::Graph with_late_shortcuts(const ir::Graph& given) {
  ir::Graph graph = given;
  for (ir::NodeId n : graph.nodes.ids()) {
    const auto* eltwise = std::get_if<ir::Eltwise>(&graph.nodes[n].operation);
    if (eltwise == nullptr || eltwise->a == eltwise->b) continue;
    const ir::Indexed<ir::TensorId, Ends> ends = ends_of(graph);
    Ends early = ends[eltwise->a], late = ends[eltwise->b];
    if (early.producer > late.producer) std::swap(early, late);
    if (early.readers != 1 || !is_conv(graph, early.producer) || !is_conv(graph, late.producer))
      continue;
    const auto first = graph.nodes.begin() + early.producer.number();
    std::rotate(first, first + 1, graph.nodes.begin() + late.producer.number());
  }
  return graph;
}

}  // namespace zahl::rewrite
