#include "compiler/schedule/memory_plan.h"

#include <algorithm>

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

std::vector<Lifetime> lifetimes_of(const ir::Graph& graph, const std::vector<int>& root) {
  std::vector<Lifetime> lives(graph.tensors.size());
  const auto life = [&](ir::TensorId t) -> Lifetime& {
    return lives[static_cast<size_t>(root[static_cast<size_t>(t)])];
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto& operation = graph.nodes[n].operation;
    const int index = static_cast<int>(n);
    if (!std::holds_alternative<ir::Reshape>(operation)) life(ir::output_of(operation)).first = index;
    for (ir::TensorId t : ir::inputs_of(operation)) life(t).last = std::max(life(t).last, index);
  }
  for (auto& l : lives) l.last = std::max(l.last, l.first);
  for (const auto& port : graph.outputs) life(port.tensor).last = static_cast<int>(graph.nodes.size());
  return lives;
}

// First fit in space and time. Returns false and leaves the home alone where it finds no place.
class Residents {
 public:
  explicit Residents(int64_t capacity) : capacity_(capacity) {}

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

// Places all tensors that fit into `capacity` bytes; returns whether all did.
bool place_residents(const ir::Graph& graph, const std::vector<Lifetime>& lives, int64_t capacity,
                     const hw::Config& config, MemoryPlan& plan) {
  bool all = true;
  for (const int64_t alignment : {int64_t{config.scratchpad_bank_bytes}, int64_t{config.line_bytes}}) {
    Residents residents(capacity);
    all = true;
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      Home& home = plan.homes[t];
      home.is_on_chip = false;
      if (plan.root[t] != static_cast<int>(t) || graph.tensors[t].constant) continue;
      home.is_on_chip = residents.place(graph.tensors[t].shape.elements(), lives[t], alignment, home.scratchpad);
      all = all && home.is_on_chip;
    }
    if (all) return true;
  }
  return all;
}

}  // namespace

MemoryPlan plan_memory(const ir::Graph& graph, const hw::Config& config) {
  MemoryPlan plan;
  plan.root = roots_of(graph);
  plan.homes.resize(graph.tensors.size());
  const std::vector<Lifetime> lives = lifetimes_of(graph, plan.root);

  const int64_t bank = config.scratchpad_bank_bytes;
  const int64_t weight_banks = std::max(1, config.scratchpad_banks / 4);
  const int64_t activations = (config.scratchpad_banks - weight_banks - 1) * bank;
  plan.parameters = {activations, bank};
  plan.weights = {activations + bank, weight_banks * bank};
  if (!place_residents(graph, lives, activations, config, plan)) {
    const int64_t residents = align(activations / 2, bank);
    place_residents(graph, lives, residents, config, plan);
    plan.workspace = {residents, activations - residents};
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
    if (home.is_on_chip && !is_boundary[t]) continue;
    home.dram = plan.dram_bytes;
    plan.dram_bytes = align(plan.dram_bytes + graph.tensors[t].shape.elements(), kDramAlignment);
  }
  return plan;
}

}  // namespace zahl::schedule
