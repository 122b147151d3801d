#include "compiler/schedule/memory_plan.h"

#include <algorithm>

#include "compiler/schedule/chain.h"

namespace zahl::schedule {
namespace {

constexpr int64_t kDramAlignment = 64;

int64_t align(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

// From the node that makes it to the last one that reads it; graph inputs are made at -1, graph outputs stay to the
// end.
struct Lifetime {
  int first = -1, last = -1;
  bool overlaps(const Lifetime& o) const { return first <= o.last && o.first <= last; }
};

std::vector<int> roots_of(const ir::Graph& graph) {
  std::vector<int> root(graph.tensors.size());
  for (size_t i = 0; i < root.size(); ++i) root[i] = static_cast<int>(i);
  for (const auto& node : graph.nodes) {
    if (const auto* r = std::get_if<ir::Reshape>(&node.operation)) {
      root[static_cast<size_t>(r->output)] = root[static_cast<size_t>(r->input)];
    }
  }
  return root;
}

std::vector<Lifetime> lifetimes_of(const ir::Graph& graph, const std::vector<int>& root, const Fusions& fusions) {
  std::vector<Lifetime> lives(graph.tensors.size());
  const auto life = [&](ir::TensorId t) -> Lifetime& {
    return lives[static_cast<size_t>(root[static_cast<size_t>(t)])];
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto& operation = graph.nodes[n].operation;
    const int index = fusions.runs_with(static_cast<int>(n));
    if (!std::holds_alternative<ir::Reshape>(operation)) life(ir::output_of(operation)).first = index;
    for (ir::TensorId t : ir::inputs_of(operation)) life(t).last = std::max(life(t).last, index);
  }
  for (auto& l : lives) l.last = std::max(l.last, l.first);
  for (const auto& port : graph.outputs) life(port.tensor).last = static_cast<int>(graph.nodes.size());
  return lives;
}

// First fit in space and time.
class Residents {
 public:
  explicit Residents(int64_t capacity) : capacity_(capacity) {}

  void reserve(int64_t begin, int64_t end, const Lifetime& life) { placed_.push_back({begin, end, life}); }

  // Returns false and leaves the address alone where there is no place.
  bool place(int64_t bytes, const Lifetime& life, int64_t alignment, int64_t& address) {
    std::vector<std::pair<int64_t, int64_t>> taken;
    for (const auto& r : placed_) {
      if (r.life.overlaps(life)) taken.emplace_back(r.begin, r.end);
    }
    std::sort(taken.begin(), taken.end());
    int64_t at = 0;
    for (const auto& [begin, end] : taken) {
      if (at + bytes <= begin) break;
      at = std::max(at, align(end, alignment));
    }
    if (at + bytes > capacity_) return false;
    placed_.push_back({at, at + bytes, life});
    address = at;
    return true;
  }

 private:
  struct Placed {
    int64_t begin, end;
    Lifetime life;
  };
  int64_t capacity_;
  std::vector<Placed> placed_;
};

// One way to divide the activations: which tensors stream through a workspace of `workspace` bytes at the top, and
// where the others live.
class Division {
 public:
  Division(const ir::Graph& graph, const hw::Config& config, const MemoryPlan& plan, const std::vector<Lifetime>& lives,
           int64_t capacity, int64_t workspace)
      : graph_(graph), config_(config), plan_(plan), lives_(lives), capacity_(capacity), workspace_(workspace) {
    streams_ = plan.fusions.is_transient;
    while (!place_all()) {
    }
  }

  const std::vector<Home>& homes() const { return homes_; }
  int64_t workspace() const { return workspace_; }

  // Bytes between DRAM and the workspace: each streamed tensor is written once and read by each of its users, and
  // weights that the ring does not hold are read again for every stripe.
  int64_t traffic() const {
    int64_t bytes = 0;
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      int64_t stripes = 1;
      for (ir::TensorId t : touched_by(n)) {
        if (!streams_[root_of(t)]) continue;
        const ir::Shape& shape = shape_of(t);
        if (!plan_.fusions.is_transient[root_of(t)]) bytes += shape.elements();
        const int64_t row = int64_t{shape.w} * shape.c, share = share_of(n);
        if (chain_at(n) == nullptr && shape.h * row > share)
          stripes = std::max(stripes, shape.h / std::max<int64_t>(1, share / 2 / row));
      }
      if (const auto* conv = std::get_if<ir::Conv>(&graph_.nodes[n].operation)) {
        const auto weights = static_cast<int64_t>(conv->weights.size());
        if (weights > plan_.weights.bytes) bytes += weights * (stripes - 1);
      }
    }
    return bytes;
  }

  // Whether each layer's streams find room for twice the rows that one row of output needs.
  bool is_feasible() const {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (const Chain* chain = chain_at(n); chain != nullptr && !touched_by(n).empty()) {
        const auto is_streamed = [&](ir::TensorId t) { return bool{streams_[root_of(t)]}; };
        if (lay_out_chain(graph_, plan_.fusions, *chain, config_, 1, 0, is_streamed).bytes > workspace_) return false;
        continue;
      }
      int64_t most = 0;
      const int64_t reach = std::visit([](const auto& o) { return rows_at_once(o); }, graph_.nodes[n].operation);
      for (ir::TensorId t : touched_by(n)) {
        if (streams_[root_of(t)]) most = std::max(most, 2 * reach * shape_of(t).w * shape_of(t).c);
      }
      if (most > share_of(n)) return false;
    }
    return true;
  }

 private:
  size_t root_of(ir::TensorId t) const { return static_cast<size_t>(plan_.root[static_cast<size_t>(t)]); }
  const ir::Shape& shape_of(ir::TensorId t) const { return graph_.tensors[root_of(t)].shape; }

  // Tensors that are read or written as a whole while the node runs, with its chain and follower.
  std::vector<ir::TensorId> touched_by(size_t node) const {
    const auto& operation = graph_.nodes[node].operation;
    if (std::holds_alternative<ir::Reshape>(operation)) return {};
    if (plan_.fusions.runs_with(static_cast<int>(node)) != static_cast<int>(node)) return {};
    const Chain* chain = chain_at(node);
    std::vector<ir::TensorId> tensors =
        ir::inputs_of(chain == nullptr ? operation : graph_.nodes[static_cast<size_t>(chain->nodes[0])].operation);
    tensors.push_back(ir::output_of(operation));
    if (plan_.fusions.follower[node] >= 0) {
      const auto& next =
          std::get<ir::Eltwise>(graph_.nodes[static_cast<size_t>(plan_.fusions.follower[node])].operation);
      tensors.push_back(other_operand(next, tensors.back()));
      tensors.push_back(next.output);
    }
    return tensors;
  }

  // The chain that runs with this node, if any.
  const Chain* chain_at(size_t node) const {
    const int chain = plan_.fusions.chain[node];
    return chain < 0 ? nullptr : &plan_.fusions.chains[static_cast<size_t>(chain)];
  }

  // The workspace of one of the node's streams, whole banks where there are enough (share_workspace).
  int64_t share_of(size_t node) const {
    const auto tensors = touched_by(node);
    const int64_t streams =
        std::count_if(tensors.begin(), tensors.end(), [&](ir::TensorId t) { return streams_[root_of(t)]; });
    if (streams == 0) return workspace_;
    const int64_t share = workspace_ / streams, bank = config_.scratchpad_bank_bytes;
    return share > bank ? share / bank * bank : share;
  }

  template <class Op>
  static int64_t rows_at_once(const Op& operation) {
    if constexpr (requires { operation.dilation_h; }) return int64_t{operation.kernel_h - 1} * operation.dilation_h + 1;
    if constexpr (requires { operation.kernel_h; }) return operation.kernel_h;
    return 1;
  }

  // Tries to place every tensor that does not stream. Where one finds no place, the largest that is in the way streams
  // from now on.
  bool place_all() {
    Residents residents(capacity_);
    homes_.assign(graph_.tensors.size(), {});
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const auto tensors = touched_by(n);
      const int at = static_cast<int>(n);
      if (tensors.empty()) continue;
      if (chain_at(n) != nullptr || std::any_of(tensors.begin(), tensors.end(), [&](ir::TensorId t) {
            return streams_[root_of(t)] || graph_.tensors[root_of(t)].constant;
          })) {
        residents.reserve(capacity_ - workspace_, capacity_, {at, at});
      }
    }
    for (size_t t = 0; t < graph_.tensors.size(); ++t) {
      if (plan_.root[t] != static_cast<int>(t) || graph_.tensors[t].constant || streams_[t]) continue;
      const int64_t bytes = graph_.tensors[t].shape.elements();
      Home& home = homes_[t];
      home.is_on_chip = residents.place(bytes, lives_[t], config_.scratchpad_bank_bytes, home.scratchpad) ||
                        residents.place(bytes, lives_[t], config_.line_bytes, home.scratchpad);
      if (home.is_on_chip) continue;
      size_t victim = t;
      for (size_t other = 0; other < t; ++other) {
        if (homes_[other].is_on_chip && lives_[other].overlaps(lives_[t]) &&
            graph_.tensors[other].shape.elements() > graph_.tensors[victim].shape.elements()) {
          victim = other;
        }
      }
      streams_[victim] = true;
      return false;
    }
    return true;
  }

  const ir::Graph& graph_;
  const hw::Config& config_;
  const MemoryPlan& plan_;
  const std::vector<Lifetime>& lives_;
  int64_t capacity_, workspace_;
  std::vector<bool> streams_;
  std::vector<Home> homes_;
};

}  // namespace

int64_t weight_ring_bytes(const hw::Config& config) {
  return std::max(1, config.scratchpad_banks / 4) * int64_t{config.scratchpad_bank_bytes};
}

int64_t weight_ring_begin(const hw::Config& config) {
  return config.scratchpad_banks * int64_t{config.scratchpad_bank_bytes} - weight_ring_bytes(config);
}

namespace {

// The workspace that makes the least traffic; of equals the largest, since its stripes are longer.
Division best_division(const ir::Graph& graph, const hw::Config& config, const MemoryPlan& plan,
                       const std::vector<Lifetime>& lives) {
  const int64_t bank = config.scratchpad_bank_bytes, most = plan.parameters.begin / bank;
  const auto divide = [&](int64_t banks) {
    return Division(graph, config, plan, lives, plan.parameters.begin, banks * bank);
  };
  int64_t best_banks = most, best_traffic = -1;
  for (int64_t banks = most; banks >= 2; --banks) {
    const Division division = divide(banks);
    if (!division.is_feasible() || (best_traffic >= 0 && division.traffic() >= best_traffic)) continue;
    best_banks = banks, best_traffic = division.traffic();
  }
  return divide(best_banks);
}

}  // namespace

MemoryPlan plan_memory(const ir::Graph& graph, const hw::Config& config) {
  MemoryPlan plan;
  plan.root = roots_of(graph);
  const int64_t bank = config.scratchpad_bank_bytes;
  const int64_t activations = weight_ring_begin(config) - bank;
  plan.parameters = {activations, bank};
  plan.weights = {weight_ring_begin(config), weight_ring_bytes(config)};

  plan.fusions = find_followers(graph, activations / 4);
  const auto finish = [&] {
    const std::vector<Lifetime> lives = lifetimes_of(graph, plan.root, plan.fusions);
    const Division division = best_division(graph, config, plan, lives);
    plan.homes = division.homes();
    plan.workspace = {activations - division.workspace(), division.workspace()};
    return division.is_feasible();
  };
  finish();
  const Fusions unchained = plan.fusions;
  const std::vector<Home> homes = plan.homes;
  add_chains(
      graph, config, activations / 4,
      [&](ir::TensorId t) { return !homes[static_cast<size_t>(plan.root[static_cast<size_t>(t)])].is_on_chip; },
      plan.fusions);
  if (!plan.fusions.chains.empty() && !finish()) {
    plan.fusions = unchained;
    finish();
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
    plan.dram_bytes = align(plan.dram_bytes + graph.tensors[t].shape.elements(), kDramAlignment);
  }
  return plan;
}

}  // namespace zahl::schedule
