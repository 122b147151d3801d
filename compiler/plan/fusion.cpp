#include "compiler/plan/fusion.h"

#include <algorithm>
#include <iterator>

#include "compiler/plan/chain.h"

namespace zahl::plan {
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
      if (std::holds_alternative<ir::Reshape>(operation))
        uses[static_cast<size_t>(t)].is_reshaped = true;
    }
  }
  for (const auto& port : graph.outputs) ++uses[static_cast<size_t>(port.tensor)].readers;
  return uses;
}

// From the convolution `first` on, as long as the result has one reader that can take it row by
// row.
Chain longest_chain(const ir::Graph& graph, const std::vector<Use>& uses, const hw::Config& config,
                    const Options& options, int64_t smallest_bytes, const Fusions& fusions,
                    int first) {
  Chain chain{{first}};
  for (;;) {
    const auto last = static_cast<size_t>(chain.nodes.back());
    const auto between = static_cast<size_t>(ir::output_of(graph.nodes[last].operation));
    const Use& use = uses[between];
    if (use.readers != 1 || use.is_reshaped || use.reader < 0 || fusions.follower[last] >= 0)
      return chain;
    if (graph.tensors[between].shape.elements() <= smallest_bytes) return chain;
    chain.nodes.push_back(use.reader);
    if (can_be_chained(graph, fusions, chain, config, options)) continue;
    chain.nodes.pop_back();
    return chain;
  }
}

}  // namespace

int Fusions::runs_with(int node) const {
  const int leader = leader_[static_cast<size_t>(node)];
  if (leader >= 0) return runs_with(leader);
  const int c = chain[static_cast<size_t>(node)];
  return c < 0 ? node : chains[static_cast<size_t>(c)].nodes.back();
}

Fusions find_followers(const ir::Graph& graph) {
  Fusions fusions;
  fusions.follower.assign(graph.nodes.size(), -1);
  fusions.is_follower.assign(graph.nodes.size(), false);
  fusions.is_transient.assign(graph.tensors.size(), false);
  fusions.chain.assign(graph.nodes.size(), -1);
  fusions.leader_.assign(graph.nodes.size(), -1);
  const std::vector<Use> uses = uses_of(graph);
  const auto use = [&](ir::TensorId t) -> const Use& { return uses[static_cast<size_t>(t)]; };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto* eltwise = std::get_if<ir::Eltwise>(&graph.nodes[n].operation);
    if (eltwise == nullptr || eltwise->a == eltwise->b) continue;
    const ir::TensorId late =
        use(eltwise->a).producer > use(eltwise->b).producer ? eltwise->a : eltwise->b;
    const int conv = use(late).producer;
    if (conv < 0 ||
        !std::holds_alternative<ir::Conv>(graph.nodes[static_cast<size_t>(conv)].operation))
      continue;
    if (use(late).readers != 1 || use(late).is_reshaped) continue;
    fusions.follower[static_cast<size_t>(conv)] = static_cast<int>(n);
    fusions.is_follower[n] = true;
    fusions.leader_[n] = conv;
    fusions.is_transient[static_cast<size_t>(late)] = true;
  }
  return fusions;
}

void add_chains(const ir::Graph& graph, const hw::Config& config, int64_t smallest_bytes,
                const Options& options, const std::function<bool(ir::TensorId)>& is_streamed,
                Fusions& fusions) {
  const std::vector<Use> uses = uses_of(graph);
  const auto output_of = [&](int node) {
    return ir::output_of(graph.nodes[static_cast<size_t>(node)].operation);
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (fusions.chain[n] >= 0 || !std::holds_alternative<ir::Conv>(graph.nodes[n].operation))
      continue;
    Chain chain =
        longest_chain(graph, uses, config, options, smallest_bytes, fusions, static_cast<int>(n));
    const auto last = std::prev(chain.nodes.end());
    if (std::none_of(chain.nodes.begin(), last,
                     [&](int node) { return is_streamed(output_of(node)); }))
      continue;
    for (int node : chain.nodes) {
      fusions.chain[static_cast<size_t>(node)] = static_cast<int>(fusions.chains.size());
      if (node != *last) fusions.is_transient[static_cast<size_t>(output_of(node))] = true;
    }
    fusions.chains.push_back(std::move(chain));
  }
}

}  // namespace zahl::plan
