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
    try_all(everything());
    if (best_ > 0 && stages_.size() > 1) {
      for (int pass = 0; pass < kPasses; ++pass) {
        const Cost before = best_;
        for (const Nodes& nodes : stages_) try_all(nodes);
        for (const Nodes& nodes : lives_of_striped()) try_all(nodes);
        if (best_ == before) break;
      }
    }
    return Division(demands_, capacity_, workspace_);
  }

 private:
  using Cost = int64_t;
  struct Nodes {
    ir::NodeId first, end;
  };

  Nodes everything() const { return {ir::NodeId(0), workspace_.end_id()}; }

  void find_stages() {
    int height = -1;
    for (ir::NodeId n : demands_.graph.nodes.ids()) {
      if (demands_.touched[n].empty()) continue;
      const ir::TensorId output = ir::output_of(demands_.graph.nodes[n].operation);
      const int now = demands_.graph.tensors[output].shape.h;
      if (now != height) stages_.push_back({n, n});
      stages_.back().end = ir::NodeId(n.index() + 1);
      height = now;
    }
  }

  // The nodes during which a tensor lives that passes through the workspace now, the most traffic
  // first: to keep it on chip, all of them must leave it room at once.
  std::vector<Nodes> lives_of_striped() const {
    const Division division(demands_, capacity_, workspace_);
    std::vector<std::pair<int64_t, ir::TensorId>> found;
    for (ir::TensorId t : demands_.lives.ids()) {
      const auto& tensor = demands_.graph.tensors[t];
      if (demands_.touches[t] == 0 || division.homes()[t].is_on_chip || tensor.constant) continue;
      if (demands_.plan.fusions.is_transient[t] || tensor.shape.elements() > capacity_) continue;
      found.emplace_back(-demands_.touches[t] * tensor.shape.elements(), t);
    }
    std::sort(found.begin(), found.end());
    std::vector<Nodes> ranges;
    for (const auto& [traffic, t] : found) {
      const Lifetime& life = demands_.lives[t];
      ranges.push_back({ir::NodeId(std::max(life.first, 0)),
                        std::min(ir::NodeId(life.last + 1), workspace_.end_id())});
    }
    return ranges;
  }

  // Tries all sizes for these nodes and keeps the best.
  void try_all(const Nodes& nodes) {
    ir::Indexed<ir::NodeId, int64_t> kept = workspace_;
    for (int64_t bytes = capacity_ / bank_ * bank_; bytes >= bank_; bytes -= bank_) {
      for (ir::NodeId n : ir::IdRange(nodes.first, nodes.end)) workspace_[n] = bytes;
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
  std::vector<Nodes> stages_;
  ir::Indexed<ir::NodeId, int64_t> workspace_;
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
  const auto is_striped = [homes = plan.homes, root = plan.root](ir::TensorId t) {
    return !homes[root[t]].is_on_chip;
  };
  if (options.has_chains)
    add_chains(graph, config, activations / options.small_share, options, is_striped, plan.fusions);
  if (!plan.fusions.chains.empty() && !divide()) {
    plan.fusions = unchained;
    divide();
  }

  ir::Indexed<ir::TensorId, bool> is_boundary(graph.tensors.size());
  for (const auto& port : graph.inputs) is_boundary[plan.root[port.tensor]] = true;
  for (const auto& port : graph.outputs) {
    const ir::TensorId root = plan.root[port.tensor];
    is_boundary[root] = true;
    plan.homes[root].is_graph_output = true;
  }
  for (ir::TensorId t : graph.tensors.ids()) {
    Home& home = plan.homes[t];
    if (plan.root[t] != t || graph.tensors[t].constant) continue;
    home.is_transient = plan.fusions.is_transient[t];
    if (home.is_transient || (home.is_on_chip && !is_boundary[t])) continue;
    home.dram = plan.dram_bytes;
    plan.dram_bytes = round_up(plan.dram_bytes + graph.tensors[t].shape.elements(), kDramAlignment);
  }
  return plan;
}

}  // namespace zahl::plan
