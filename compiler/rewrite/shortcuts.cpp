#include "compiler/rewrite/shortcuts.h"

#include <algorithm>

namespace zahl::rewrite {
namespace {

// The nodes that make and that read a tensor.
struct Ends {
  int producer = -1, readers = 0;
};

std::vector<Ends> ends_of(const ir::Graph& graph) {
  std::vector<Ends> ends(graph.tensors.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    ends[static_cast<size_t>(ir::output_of(graph.nodes[n].operation))].producer =
        static_cast<int>(n);
    for (ir::TensorId t : ir::inputs_of(graph.nodes[n].operation))
      ++ends[static_cast<size_t>(t)].readers;
  }
  for (const auto& port : graph.outputs) ++ends[static_cast<size_t>(port.tensor)].readers;
  return ends;
}

bool is_conv(const ir::Graph& graph, int node) {
  return node >= 0 &&
         std::holds_alternative<ir::Conv>(graph.nodes[static_cast<size_t>(node)].operation);
}

}  // namespace

ir::Graph with_late_shortcuts(const ir::Graph& given) {
  ir::Graph graph = given;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto* eltwise = std::get_if<ir::Eltwise>(&graph.nodes[n].operation);
    if (eltwise == nullptr || eltwise->a == eltwise->b) continue;
    const std::vector<Ends> ends = ends_of(graph);
    Ends early = ends[static_cast<size_t>(eltwise->a)],
         late = ends[static_cast<size_t>(eltwise->b)];
    if (early.producer > late.producer) std::swap(early, late);
    if (early.readers != 1 || !is_conv(graph, early.producer) || !is_conv(graph, late.producer))
      continue;
    const auto begin = graph.nodes.begin();
    std::rotate(begin + early.producer, begin + early.producer + 1, begin + late.producer);
  }
  return graph;
}

}  // namespace zahl::rewrite
