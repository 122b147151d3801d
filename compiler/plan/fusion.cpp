#include "compiler/plan/fusion.h"

#include <algorithm>
#include <iterator>

#include "compiler/plan/chain.h"

namespace zahl::plan {
namespace {

struct Use {
  ir::NodeId producer;  // none: graph input or constant
  int readers = 0;
  ir::NodeId reader;  // that reads it last
  bool is_reshaped = false;
};

ir::Indexed<ir::TensorId, Use> uses_of(const ir::Graph& graph) {
  ir::Indexed<ir::TensorId, Use> uses(graph.tensors.size());
  for (ir::NodeId n : graph.nodes.ids()) {
    const auto& operation = graph.nodes[n].operation;
    uses[ir::output_of(operation)].producer = n;
    for (ir::TensorId t : ir::inputs_of(operation)) {
      ++uses[t].readers;
      uses[t].reader = n;
      if (std::holds_alternative<ir::Reshape>(operation)) uses[t].is_reshaped = true;
    }
  }
  for (const auto& port : graph.outputs) ++uses[port.tensor].readers;
  return uses;
}

// From the convolution `first` on, as long as the result has one reader that can take it row by
// row.
Chain longest_chain(const ir::Graph& graph, const ir::Indexed<ir::TensorId, Use>& uses,
                    const hw::Config& config, const Options& options, int64_t smallest_bytes,
                    const Fusions& fusions, ir::NodeId first) {
  Chain chain{{first}};
  for (;;) {
    const ir::NodeId last = chain.nodes.back();
    const ir::TensorId between = ir::output_of(graph.nodes[last].operation);
    const Use& use = uses[between];
    if (use.readers != 1 || use.is_reshaped || !use.reader.exists() ||
        fusions.follower[last].exists())
      return chain;
    if (graph.tensors[between].shape.elements() <= smallest_bytes) return chain;
    chain.nodes.push_back(use.reader);
    if (can_be_chained(graph, fusions, chain, config, options)) continue;
    chain.nodes.pop_back();
    return chain;
  }
}

}  // namespace

ir::NodeId Fusions::runs_with(ir::NodeId node) const {
  const ir::NodeId leader = leader_[node];
  if (leader.exists()) return runs_with(leader);
  const ChainId id = chain[node];
  return id.exists() ? chains[id].nodes.back() : node;
}

Fusions find_followers(const ir::Graph& graph) {
  Fusions fusions;
  fusions.follower.assign(graph.nodes.size(), ir::NodeId::none());
  fusions.is_follower.assign(graph.nodes.size(), false);
  fusions.is_transient.assign(graph.tensors.size(), false);
  fusions.chain.assign(graph.nodes.size(), ChainId::none());
  fusions.leader_.assign(graph.nodes.size(), ir::NodeId::none());
  const ir::Indexed<ir::TensorId, Use> uses = uses_of(graph);
  const auto use = [&](ir::TensorId t) -> const Use& { return uses[t]; };
  for (ir::NodeId n : graph.nodes.ids()) {
    const auto* eltwise = std::get_if<ir::Eltwise>(&graph.nodes[n].operation);
    if (eltwise == nullptr || eltwise->a == eltwise->b) continue;
    const ir::TensorId late =
        use(eltwise->a).producer > use(eltwise->b).producer ? eltwise->a : eltwise->b;
    const ir::NodeId conv = use(late).producer;
    if (!conv.exists() || !std::holds_alternative<ir::Conv>(graph.nodes[conv].operation)) continue;
    if (use(late).readers != 1 || use(late).is_reshaped) continue;
    fusions.follower[conv] = n;
    fusions.is_follower[n] = true;
    fusions.leader_[n] = conv;
    fusions.is_transient[late] = true;
  }
  return fusions;
}

void add_chains(const ir::Graph& graph, const hw::Config& config, int64_t smallest_bytes,
                const Options& options, const std::function<bool(ir::TensorId)>& is_striped,
                Fusions& fusions) {
  const ir::Indexed<ir::TensorId, Use> uses = uses_of(graph);
  const auto output_of = [&](ir::NodeId node) {
    return ir::output_of(graph.nodes[node].operation);
  };
  for (ir::NodeId n : graph.nodes.ids()) {
    if (fusions.chain[n].exists() || !std::holds_alternative<ir::Conv>(graph.nodes[n].operation))
      continue;
    Chain chain = longest_chain(graph, uses, config, options, smallest_bytes, fusions, n);
    const auto last = std::prev(chain.nodes.end());
    if (std::none_of(chain.nodes.begin(), last,
                     [&](ir::NodeId node) { return is_striped(output_of(node)); }))
      continue;
    for (ir::NodeId node : chain.nodes) {
      fusions.chain[node] = fusions.chains.end_id();
      if (node != *last) fusions.is_transient[output_of(node)] = true;
    }
    fusions.chains.add(std::move(chain));
  }
}

}  // namespace zahl::plan
