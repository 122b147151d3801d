#include "compiler/plan/memory_plan.h"

#include <algorithm>

#include "compiler/plan/division.h"
#include "compiler/plan/fusion.h"
#include "compiler/plan/roots.h"
#include "isa/round.h"

namespace zahl::plan {
namespace {

constexpr int64_t kDramAlignment = 64;
constexpr int kPasses = 2;  // over the stages; a third finds next to nothing

constexpr int64_t kInfeasible = int64_t{1}
                                << 48;  // of a node that finds no room; more than any traffic

// Looks for the workspace of each stage of the network that makes the least traffic; of equals the
// largest, since its stripes are longer. A stage are consecutive nodes whose results have the same
// height.
class WorkspaceSearch {
 public:
  WorkspaceSearch(const Demands& demands, int64_t capacity)
      : demands_(demands), capacity_(capacity), bank_(demands.config.scratchpad_bank_bytes) {
    find_stages();
  }

  Division run() {
    workspace_.assign(demands_.graph.nodes.size(), 0);
    try_all(0, workspace_.size());
    if (best_ > 0 && stages_.size() > 1) {
      for (int pass = 0; pass < kPasses; ++pass) {
        const Cost before = best_;
        for (const auto& [first, last] : stages_) try_all(first, last);
        for (const auto& [first, last] : lives_of_streams()) try_all(first, last);
        if (best_ == before) break;
      }
    }
    return Division(demands_, capacity_, workspace_);
  }

 private:
  using Cost = int64_t;

  void find_stages() {
    int height = -1;
    for (size_t n = 0; n < demands_.graph.nodes.size(); ++n) {
      if (demands_.touched[n].empty()) continue;
      const ir::TensorId output = ir::output_of(demands_.graph.nodes[n].operation);
      const int now = demands_.graph.tensors[static_cast<size_t>(output)].shape.h;
      if (now != height) stages_.emplace_back(n, n);
      stages_.back().second = n + 1;
      height = now;
    }
  }

  // The nodes during which a tensor lives that passes through the workspace now, the most traffic
  // first: to keep it on chip, all of them must leave it room at once.
  std::vector<std::pair<size_t, size_t>> lives_of_streams() const {
    const Division division(demands_, capacity_, workspace_);
    std::vector<std::pair<int64_t, size_t>> found;
    for (size_t t = 0; t < demands_.lives.size(); ++t) {
      const auto& tensor = demands_.graph.tensors[t];
      if (demands_.touches[t] == 0 || division.homes()[t].is_on_chip || tensor.constant) continue;
      if (demands_.plan.fusions.is_transient[t] || tensor.shape.elements() > capacity_) continue;
      found.emplace_back(-demands_.touches[t] * tensor.shape.elements(), t);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::pair<size_t, size_t>> ranges;
    for (const auto& [traffic, t] : found) {
      const Lifetime& life = demands_.lives[t];
      const auto behind = std::min(static_cast<size_t>(life.last) + 1, workspace_.size());
      ranges.emplace_back(static_cast<size_t>(std::max(life.first, 0)), behind);
    }
    return ranges;
  }

  // Tries all sizes for nodes first .. last - 1 and keeps the best.
  void try_all(size_t first, size_t last) {
    const auto begin = workspace_.begin() + static_cast<ptrdiff_t>(first);
    const auto end = workspace_.begin() + static_cast<ptrdiff_t>(last);
    std::vector<int64_t> kept = workspace_;
    for (int64_t bytes = capacity_ / bank_ * bank_; bytes >= bank_; bytes -= bank_) {
      std::fill(begin, end, bytes);
      const Division division(demands_, capacity_, workspace_);
      const Cost cost =
          division.traffic() + division.crowded() + kInfeasible * division.infeasible_nodes();
      if (best_ >= 0 && cost >= best_) continue;
      best_ = cost;
      kept = workspace_;
    }
    workspace_ = kept;
  }

  const Demands& demands_;
  int64_t capacity_, bank_;
  std::vector<std::pair<size_t, size_t>> stages_;
  std::vector<int64_t> workspace_;
  Cost best_ = -1;
};

}  // namespace

MemoryPlan plan_memory(const ir::Graph& graph, const hw::Config& config, const Options& options) {
  MemoryPlan plan;
  const int64_t bank = config.scratchpad_bank_bytes;
  const int64_t activations = options.weight_ring_begin(config) - bank;
  plan.parameters = {activations, bank};
  plan.weights = {options.weight_ring_begin(config), options.weight_ring_bytes(config)};

  plan.fusions = find_followers(graph);
  const auto divide = [&] {
    plan.root = find_roots(graph, plan.fusions);
    const Demands demands(graph, config, plan);
    const Division division = WorkspaceSearch(demands, activations).run();
    plan.homes = division.homes();
    plan.workspaces = division.workspaces();
    plan.traffic = division.traffic() + kInfeasible * division.infeasible_nodes();
    return division.infeasible_nodes() == 0;
  };
  divide();
  const Fusions unchained = plan.fusions;
  const auto is_streamed = [homes = plan.homes, root = plan.root](ir::TensorId t) {
    return !homes[static_cast<size_t>(root[static_cast<size_t>(t)])].is_on_chip;
  };
  if (options.has_chains)
    add_chains(graph, config, activations / options.small_share, options, is_streamed,
               plan.fusions);
  if (!plan.fusions.chains.empty() && !divide()) {
    plan.fusions = unchained;
    divide();
  }

  std::vector<bool> is_boundary(graph.tensors.size());
  for (const auto& port : graph.inputs)
    is_boundary[static_cast<size_t>(plan.root[static_cast<size_t>(port.tensor)])] = true;
  for (const auto& port : graph.outputs) {
    const auto root = static_cast<size_t>(plan.root[static_cast<size_t>(port.tensor)]);
    is_boundary[root] = true;
    plan.homes[root].is_graph_output = true;
  }
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    Home& home = plan.homes[t];
    if (plan.root[t] != static_cast<int>(t) || graph.tensors[t].constant) continue;
    home.is_transient = plan.fusions.is_transient[t];
    if (home.is_transient || (home.is_on_chip && !is_boundary[t])) continue;
    home.dram = plan.dram_bytes;
    plan.dram_bytes = round_up(plan.dram_bytes + graph.tensors[t].shape.elements(), kDramAlignment);
  }
  return plan;
}

}  // namespace zahl::plan
