#include "compiler/schedule/division.h"

#include <algorithm>

#include "compiler/schedule/chain.h"

namespace zahl::schedule {
namespace {

int64_t align(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

// First fit in space and time.
class Residents {
 public:
  explicit Residents(int64_t capacity) : capacity_(capacity) {}

  void reserve(int64_t begin, int64_t end, const Lifetime& life) { placed_.push_back({-1, begin, end, life}); }

  // Returns false and leaves the address alone where there is no place.
  bool place(ir::TensorId tensor, int64_t bytes, const Lifetime& life, int64_t alignment, int64_t& address) {
    taken_.clear();
    for (const auto& r : placed_) {
      if (r.life.overlaps(life)) taken_.emplace_back(r.begin, r.end);
    }
    std::sort(taken_.begin(), taken_.end());
    int64_t at = 0;
    for (const auto& [begin, end] : taken_) {
      if (at + bytes <= begin) break;
      at = std::max(at, align(end, alignment));
    }
    if (at + bytes > capacity_) return false;
    placed_.push_back({tensor, at, at + bytes, life});
    address = at;
    return true;
  }

  void remove(ir::TensorId tensor) {
    std::erase_if(placed_, [&](const Placed& p) { return p.tensor == tensor; });
  }

 private:
  struct Placed {
    ir::TensorId tensor;
    int64_t begin, end;
    Lifetime life;
  };
  int64_t capacity_;
  std::vector<Placed> placed_;
  std::vector<std::pair<int64_t, int64_t>> taken_;
};

template <class Op>
int64_t rows_at_once(const Op& operation) {
  if constexpr (requires { operation.dilation_h; }) return int64_t{operation.kernel_h - 1} * operation.dilation_h + 1;
  if constexpr (requires { operation.kernel_h; }) return operation.kernel_h;
  return 1;
}

std::vector<ir::TensorId> touched_by(const ir::Graph& graph, const Fusions& fusions, size_t node, const Chain* chain) {
  const auto& operation = graph.nodes[node].operation;
  if (std::holds_alternative<ir::Reshape>(operation)) return {};
  if (fusions.runs_with(static_cast<int>(node)) != static_cast<int>(node)) return {};
  std::vector<ir::TensorId> tensors =
      ir::inputs_of(chain == nullptr ? operation : graph.nodes[static_cast<size_t>(chain->nodes[0])].operation);
  tensors.push_back(ir::output_of(operation));
  if (fusions.follower[node] >= 0) {
    const auto& next = std::get<ir::Eltwise>(graph.nodes[static_cast<size_t>(fusions.follower[node])].operation);
    tensors.push_back(other_operand(next, tensors.back()));
    tensors.push_back(next.output);
  }
  return tensors;
}

}  // namespace

Demands::Demands(const ir::Graph& g, const hw::Config& c, const MemoryPlan& p) : graph(g), config(c), plan(p) {
  lives.resize(graph.tensors.size());
  touches.resize(graph.tensors.size());
  const auto root = [&](ir::TensorId t) { return static_cast<size_t>(plan.root[static_cast<size_t>(t)]); };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto& operation = graph.nodes[n].operation;
    const int time = plan.fusions.runs_with(static_cast<int>(n));
    const ir::TensorId output = ir::output_of(operation);
    if (root(output) == static_cast<size_t>(output)) lives[root(output)].first = time;
    for (ir::TensorId t : ir::inputs_of(operation)) lives[root(t)].last = std::max(lives[root(t)].last, time);
    auto& tensors = touched.emplace_back(touched_by(graph, plan.fusions, n, chain_at(n)));
    for (ir::TensorId& t : tensors) {
      t = static_cast<int>(root(t));
      ++touches[static_cast<size_t>(t)];
    }
  }
  for (auto& life : lives) life.last = std::max(life.last, life.first);
  for (const auto& port : graph.outputs) lives[root(port.tensor)].last = static_cast<int>(graph.nodes.size());
}

const Chain* Demands::chain_at(size_t node) const {
  const int chain = plan.fusions.chain[node];
  return chain < 0 ? nullptr : &plan.fusions.chains[static_cast<size_t>(chain)];
}

Division::Division(const Demands& demands, int64_t capacity, std::vector<int64_t> workspace)
    : d_(demands), capacity_(capacity), workspace_(std::move(workspace)), streams_(demands.plan.fusions.is_transient) {
  place_all();
}

std::vector<Region> Division::workspaces() const {
  const int64_t bank = d_.config.scratchpad_bank_bytes;
  std::vector<int64_t> used(d_.graph.nodes.size(), 0);
  for (size_t t = 0; t < homes_.size(); ++t) {
    if (!homes_[t].is_on_chip) continue;
    const int64_t end = homes_[t].scratchpad + d_.graph.tensors[t].shape.elements();
    const int last = std::min(d_.lives[t].last, static_cast<int>(used.size()) - 1);
    for (int n = std::max(d_.lives[t].first, 0); n <= last; ++n) {
      used[static_cast<size_t>(n)] = std::max(used[static_cast<size_t>(n)], end);
    }
  }
  std::vector<Region> regions;
  for (int64_t end : used) regions.push_back({align(end, bank), std::max<int64_t>(0, capacity_ - align(end, bank))});
  return regions;
}

int64_t Division::traffic() const {
  int64_t bytes = 0;
  for (size_t n = 0; n < d_.graph.nodes.size(); ++n) {
    int64_t stripes = 1;
    for (ir::TensorId t : d_.touched[n]) {
      if (!streams_[static_cast<size_t>(t)] || is_batch(n, t)) continue;
      const ir::Shape& shape = shape_of(t);
      if (!d_.plan.fusions.is_transient[static_cast<size_t>(t)]) bytes += shape.elements();
      const int64_t row = int64_t{shape.w} * shape.c, share = share_of(n);
      if (d_.chain_at(n) == nullptr && shape.h * row > share)
        stripes = std::max(stripes, shape.h / std::max<int64_t>(1, share / 2 / row));
    }
    if (const auto* conv = std::get_if<ir::Conv>(&d_.graph.nodes[n].operation)) {
      const auto weights = static_cast<int64_t>(conv->weights.size());
      if (weights > d_.plan.weights.bytes) bytes += weights * (stripes - 1);
    }
  }
  return bytes;
}

int Division::infeasible_nodes() const {
  int count = 0;
  for (size_t n = 0; n < d_.graph.nodes.size(); ++n) count += is_feasible(n) ? 0 : 1;
  return count;
}

bool Division::is_feasible(size_t node) const {
  if (d_.touched[node].empty()) return true;
  if (const Chain* chain = d_.chain_at(node)) {
    const auto is_streamed = [&](ir::TensorId t) {
      return bool{streams_[static_cast<size_t>(d_.plan.root[static_cast<size_t>(t)])]};
    };
    return lay_out_chain(d_.graph, d_.plan.fusions, *chain, d_.config, 1, 0, is_streamed).bytes <= workspace_[node];
  }
  int64_t most = 0;
  const int64_t reach = std::visit([](const auto& o) { return rows_at_once(o); }, d_.graph.nodes[node].operation);
  for (ir::TensorId t : d_.touched[node]) {
    if (streams_[static_cast<size_t>(t)] && !is_batch(node, t))
      most = std::max(most, 2 * reach * shape_of(t).w * shape_of(t).c);
  }
  return most <= share_of(node);
}

// Whether this result of the node goes to its follower batch by batch: it then needs next to no place.
bool Division::is_batch(size_t node, ir::TensorId root) const {
  if (d_.plan.fusions.follower[node] < 0 || !d_.plan.fusions.is_transient[static_cast<size_t>(root)]) return false;
  const auto& tensors = d_.touched[node];  // the follower's other operand and result come last
  return std::none_of(tensors.end() - 2, tensors.end(),
                      [&](ir::TensorId t) { return bool{streams_[static_cast<size_t>(t)]}; });
}

// The workspace of one of the node's streams, whole banks where there are enough (share_workspace).
int64_t Division::share_of(size_t node) const {
  const auto& tensors = d_.touched[node];
  const int64_t streams = std::count_if(tensors.begin(), tensors.end(),
                                        [&](ir::TensorId t) { return bool{streams_[static_cast<size_t>(t)]}; });
  if (streams == 0) return workspace_[node];
  const int64_t share = workspace_[node] / streams, bank = d_.config.scratchpad_bank_bytes;
  return share > bank ? share / bank * bank : share;
}

bool Division::needs_workspace(size_t node) const {
  const auto& tensors = d_.touched[node];
  if (tensors.empty()) return false;
  return d_.chain_at(node) != nullptr || std::any_of(tensors.begin(), tensors.end(), [&](ir::TensorId t) {
           return streams_[static_cast<size_t>(t)] || d_.graph.tensors[static_cast<size_t>(t)].constant.has_value();
         });
}

// Places every tensor that does not stream. Where one finds no place, one that is in the way streams: large and seldom
// touched. Then those that were placed find theirs anew.
void Division::place_all() {
  const auto count = d_.graph.tensors.size();
  for (bool is_done = false; !is_done;) {
    Residents residents(capacity_);
    homes_.assign(count, {});
    for (size_t n = 0; n < d_.graph.nodes.size(); ++n) {
      const int at = static_cast<int>(n);
      if (needs_workspace(n)) residents.reserve(capacity_ - workspace_[n], capacity_, {at, at});
    }
    is_done = true;
    for (size_t t = 0; t < count; ++t) {
      if (d_.plan.root[t] != static_cast<int>(t) || d_.graph.tensors[t].constant || streams_[t]) continue;
      const int64_t bytes = d_.graph.tensors[t].shape.elements();
      const int id = static_cast<int>(t);
      Home& home = homes_[t];
      const auto place = [&] {
        home.is_on_chip = residents.place(id, bytes, d_.lives[t], d_.config.scratchpad_bank_bytes, home.scratchpad) ||
                          residents.place(id, bytes, d_.lives[t], d_.config.line_bytes, home.scratchpad);
        return home.is_on_chip;
      };
      while (!place()) {
        is_done = false;
        size_t victim = t;
        const auto worth = [&](size_t v) { return d_.graph.tensors[v].shape.elements() / std::max(1, d_.touches[v]); };
        for (size_t other = 0; other < t; ++other) {
          if (homes_[other].is_on_chip && d_.lives[other].overlaps(d_.lives[t]) && worth(other) > worth(victim)) {
            victim = other;
          }
        }
        streams_[victim] = true;
        if (victim == t) break;
        homes_[victim] = {};
        residents.remove(static_cast<int>(victim));
      }
    }
  }
}

}  // namespace zahl::schedule
