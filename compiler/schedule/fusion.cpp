#include "compiler/schedule/fusion.h"

#include "compiler/schedule/chain.h"

namespace zahl::schedule {
namespace {

struct Use {
  int producer = -1;  // node; -1: graph input or constant
  int readers = 0;
  int reader = -1;  // node that reads it last
  bool is_reshaped = false;
};

std::vector<Use> uses_of(const ir::Graph& graph) {
  std::vector<Use> uses(graph.tensors.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto& operation = graph.nodes[n].operation;
    uses[static_cast<size_t>(ir::output_of(operation))].producer = static_cast<int>(n);
    for (ir::TensorId t : ir::inputs_of(operation)) {
      ++uses[static_cast<size_t>(t)].readers;
      uses[static_cast<size_t>(t)].reader = static_cast<int>(n);
      if (std::holds_alternative<ir::Reshape>(operation)) uses[static_cast<size_t>(t)].is_reshaped = true;
    }
  }
  for (const auto& port : graph.outputs) ++uses[static_cast<size_t>(port.tensor)].readers;
  return uses;
}

void find_followers(const ir::Graph& graph, const std::vector<Use>& uses, int64_t smallest_bytes, Fusions& fusions,
                    std::vector<int>& leader) {
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
    leader[n] = conv;
  }
}

// Starts at each convolution and goes on as long as the result has one reader that can take it row by row.
void find_chains(const ir::Graph& graph, const std::vector<Use>& uses, const hw::Config& config, int64_t smallest_bytes,
                 Fusions& fusions) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (fusions.chain[n] >= 0 || !std::holds_alternative<ir::Conv>(graph.nodes[n].operation)) continue;
    Chain chain{{static_cast<int>(n)}};
    for (;;) {
      const auto last = static_cast<size_t>(chain.nodes.back());
      const auto between = static_cast<size_t>(ir::output_of(graph.nodes[last].operation));
      const Use& use = uses[between];
      if (use.readers != 1 || use.is_reshaped || use.reader < 0 || fusions.is_transient[between]) break;
      if (graph.tensors[between].shape.elements() <= smallest_bytes) break;
      chain.nodes.push_back(use.reader);
      if (can_be_chained(graph, fusions, chain, config)) continue;
      chain.nodes.pop_back();
      break;
    }
    if (chain.nodes.size() < 2) continue;
    for (size_t i = 0; i < chain.nodes.size(); ++i) {
      const auto node = static_cast<size_t>(chain.nodes[i]);
      fusions.chain[node] = static_cast<int>(fusions.chains.size());
      if (i + 1 < chain.nodes.size())
        fusions.is_transient[static_cast<size_t>(ir::output_of(graph.nodes[node].operation))] = true;
    }
    fusions.chains.push_back(std::move(chain));
  }
}

}  // namespace

int Fusions::runs_with(int node) const {
  const int leader = leader_[static_cast<size_t>(node)];
  if (leader >= 0) return runs_with(leader);
  const int c = chain[static_cast<size_t>(node)];
  return c < 0 ? node : chains[static_cast<size_t>(c)].nodes.back();
}

Fusions find_fusions(const ir::Graph& graph, const hw::Config& config, int64_t smallest_bytes) {
  Fusions fusions;
  fusions.follower.assign(graph.nodes.size(), -1);
  fusions.is_follower.assign(graph.nodes.size(), false);
  fusions.is_transient.assign(graph.tensors.size(), false);
  fusions.chain.assign(graph.nodes.size(), -1);
  fusions.leader_.assign(graph.nodes.size(), -1);
  const std::vector<Use> uses = uses_of(graph);
  find_followers(graph, uses, smallest_bytes, fusions, fusions.leader_);
  find_chains(graph, uses, config, smallest_bytes, fusions);
  return fusions;
}

}  // namespace zahl::schedule
