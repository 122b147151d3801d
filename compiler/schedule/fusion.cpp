#include "compiler/schedule/fusion.h"

namespace zahl::schedule {
namespace {

struct Use {
  int producer = -1;  // node; -1: graph input or constant
  int readers = 0;
  bool is_reshaped = false;
};

std::vector<Use> uses_of(const ir::Graph& graph) {
  std::vector<Use> uses(graph.tensors.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto& operation = graph.nodes[n].operation;
    uses[static_cast<size_t>(ir::output_of(operation))].producer = static_cast<int>(n);
    for (ir::TensorId t : ir::inputs_of(operation)) {
      ++uses[static_cast<size_t>(t)].readers;
      if (std::holds_alternative<ir::Reshape>(operation)) uses[static_cast<size_t>(t)].is_reshaped = true;
    }
  }
  for (const auto& port : graph.outputs) ++uses[static_cast<size_t>(port.tensor)].readers;
  return uses;
}

}  // namespace

Fusions find_fusions(const ir::Graph& graph, int64_t smallest_bytes) {
  Fusions fusions{std::vector<int>(graph.nodes.size(), -1), std::vector<bool>(graph.nodes.size()),
                  std::vector<bool>(graph.tensors.size())};
  const std::vector<Use> uses = uses_of(graph);
  const auto use = [&](ir::TensorId t) -> const Use& { return uses[static_cast<size_t>(t)]; };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto* eltwise = std::get_if<ir::Eltwise>(&graph.nodes[n].operation);
    if (eltwise == nullptr || eltwise->a == eltwise->b) continue;
    const ir::TensorId late = use(eltwise->a).producer > use(eltwise->b).producer ? eltwise->a : eltwise->b;
    const int conv = use(late).producer;
    if (conv < 0 || !std::holds_alternative<ir::Conv>(graph.nodes[static_cast<size_t>(conv)].operation)) continue;
    if (use(late).readers != 1 || use(late).is_reshaped || fusions.is_transient[static_cast<size_t>(late)]) continue;
    if (graph.tensors[static_cast<size_t>(late)].shape.elements() <= smallest_bytes) continue;
    fusions.follower[static_cast<size_t>(conv)] = static_cast<int>(n);
    fusions.is_follower[n] = true;
    fusions.is_transient[static_cast<size_t>(late)] = true;
  }
  return fusions;
}

}  // namespace zahl::schedule
