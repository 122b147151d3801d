#include "compiler/plan/division.h"

#include <algorithm>

#include "compiler/plan/chain.h"
#include "compiler/plan/rows.h"
#include "isa/round.h"

namespace zahl::plan {
namespace {

// Where tensors live in space and time, with a hole left for the workspace of each node that needs
// one.
class Residents {
 public:
  // `holes` are the bytes that each node needs, 0 for none; they begin at multiples of a bank.
  Residents(int64_t capacity, int64_t bank, ir::Indexed<ir::NodeId, int64_t> holes)
      : capacity_(capacity), bank_(bank), holes_(std::move(holes)), alive_(holes_.size()) {}

  // The lowest address that is a multiple of `alignment`, else the highest. Returns false and
  // leaves the address alone where there is no place.
  bool place(ir::TensorId tensor, int64_t bytes, const Lifetime& life, int64_t alignment,
             int64_t& address) {
    candidates_ = {0, below(capacity_, bytes, alignment)};
    for (const Placed& p : placed_) {
      if (!p.life.overlaps(life)) continue;
      candidates_.push_back(round_up(p.end, alignment));
      candidates_.push_back(below(p.begin, bytes, alignment));
    }
    std::sort(candidates_.begin(), candidates_.end());
    for (int64_t at : candidates_) {
      if (at < 0 || at + bytes > capacity_ || !is_free(at, at + bytes, life)) continue;
      add({tensor, at, at + bytes, life});
      if (leaves_holes(life)) {
        address = at;
        return true;
      }
      remove(tensor);
    }
    return false;
  }

  void remove(ir::TensorId tensor) {
    std::erase_if(placed_, [&](const Placed& p) { return p.tensor == tensor; });
    for (auto& spans : alive_)
      std::erase_if(spans, [&](const Span& s) { return s.tensor == tensor; });
  }

  // The largest hole while a node runs; the uppermost of equals.
  Region hole_at(ir::NodeId node) const {
    Region best;
    int64_t at = 0;
    const auto take = [&](int64_t end) {
      const int64_t begin = round_up(at, bank_);
      if (end - begin >= best.bytes) best = {begin, end - begin};
    };
    for (const Span& s : alive_[node]) {
      take(s.begin);
      at = std::max(at, s.end);
    }
    take(capacity_);
    return best;
  }

 private:
  struct Placed {
    ir::TensorId tensor;
    int64_t begin, end;
    Lifetime life;
  };
  struct Span {
    int64_t begin, end;
    ir::TensorId tensor;
  };

  static int64_t below(int64_t end, int64_t bytes, int64_t alignment) {
    return end < bytes ? -1 : (end - bytes) / alignment * alignment;
  }

  template <class F>
  void for_each_node(const Lifetime& life, F&& f) const {
    const int last = std::min(life.last, static_cast<int>(holes_.size()) - 1);
    for (int n = std::max(life.first, 0); n <= last; ++n) f(ir::NodeId(n));
  }

  bool is_free(int64_t begin, int64_t end, const Lifetime& life) const {
    return std::none_of(placed_.begin(), placed_.end(), [&](const Placed& p) {
      return p.life.overlaps(life) && begin < p.end && p.begin < end;
    });
  }

  bool leaves_holes(const Lifetime& life) const {
    bool leaves = true;
    for_each_node(life, [&](ir::NodeId n) {
      leaves = leaves && (holes_[n] == 0 || hole_at(n).bytes >= holes_[n]);
    });
    return leaves;
  }

  void add(const Placed& p) {
    placed_.push_back(p);
    for_each_node(p.life, [&](ir::NodeId n) {
      auto& spans = alive_[n];
      const auto behind = std::find_if(spans.begin(), spans.end(),
                                       [&](const Span& s) { return s.begin > p.begin; });
      spans.insert(behind, {p.begin, p.end, p.tensor});
    });
  }

  int64_t capacity_, bank_;
  ir::Indexed<ir::NodeId, int64_t> holes_;
  ir::Indexed<ir::NodeId, std::vector<Span>> alive_;  // from low to high
  std::vector<Placed> placed_;
  std::vector<int64_t> candidates_;
};

std::vector<ir::TensorId> touched_by(const ir::Graph& graph, const Fusions& fusions,
                                     ir::NodeId node, const Chain* chain) {
  const auto& operation = graph.nodes[node].operation;
  if (std::holds_alternative<ir::Reshape>(operation)) return {};
  if (fusions.runs_with(node) != node) return {};
  std::vector<ir::TensorId> tensors =
      ir::inputs_of(chain == nullptr ? operation : graph.nodes[chain->nodes[0]].operation);
  tensors.push_back(ir::output_of(operation));
  if (fusions.follower[node].exists()) {
    const auto& next = std::get<ir::Eltwise>(graph.nodes[fusions.follower[node]].operation);
    tensors.push_back(other_operand(next, tensors.back()));
    tensors.push_back(next.output);
  }
  return tensors;
}

}  // namespace

Demands::Demands(const ir::Graph& g, const hw::Config& c, const MemoryPlan& p)
    : graph(g), config(c), plan(p) {
  lives.resize(graph.tensors.size());
  touches.resize(graph.tensors.size());
  const auto root = [&](ir::TensorId t) { return plan.root[t]; };
  for (ir::NodeId n : graph.nodes.ids()) {
    const auto& operation = graph.nodes[n].operation;
    const int time = plan.fusions.runs_with(n).number();
    const ir::TensorId output = ir::output_of(operation);
    if (root(output) == output) lives[root(output)].first = time;
    for (ir::TensorId t : ir::inputs_of(operation))
      lives[root(t)].last = std::max(lives[root(t)].last, time);
    touched.add(touched_by(graph, plan.fusions, n, chain_at(n)));
    for (ir::TensorId& t : touched.back()) {
      t = root(t);
      ++touches[t];
    }
  }
  for (auto& life : lives) life.last = std::max(life.last, life.first);
  for (const auto& port : graph.outputs)
    lives[root(port.tensor)].last = static_cast<int>(graph.nodes.size());
}

const Chain* Demands::chain_at(ir::NodeId node) const {
  const ChainId chain = plan.fusions.chain[node];
  return chain.exists() ? &plan.fusions.chains[chain] : nullptr;
}

Division::Division(const Demands& demands, int64_t capacity,
                   ir::Indexed<ir::NodeId, int64_t> workspace)
    : demands_(demands),
      capacity_(capacity),
      workspace_(std::move(workspace)),
      striped_(demands.plan.fusions.is_transient) {
  place_all();
}

int64_t Division::traffic() const {
  int64_t bytes = 0;
  for (ir::NodeId n : demands_.graph.nodes.ids()) {
    int64_t stripes = 1;
    for (ir::TensorId t : demands_.touched[n]) {
      if (!striped_[t] || is_batch(n, t)) continue;
      const ir::Shape& shape = shape_of(t);
      const int every = demands_.chain_at(n) == nullptr ? row_stride_of(n, t) : 1;
      if (!demands_.plan.fusions.is_transient[t]) bytes += shape.elements() / every;
      const int64_t row = int64_t{shape.w} * shape.c, share = share_of(n), rows = shape.h / every;
      if (demands_.chain_at(n) == nullptr && rows * row > share)
        stripes = std::max(stripes, rows / std::max<int64_t>(1, share / 2 / row));
    }
    if (const auto* conv = std::get_if<ir::Conv>(&demands_.graph.nodes[n].operation)) {
      const auto weights = static_cast<int64_t>(conv->weights.size());
      if (weights > demands_.plan.weights.bytes) bytes += weights * (stripes - 1);
    }
  }
  return bytes;
}

// Of how many rows of its input `root` the node reads one.
int Division::row_stride_of(ir::NodeId node, ir::TensorId root) const {
  const auto* conv = std::get_if<ir::Conv>(&demands_.graph.nodes[node].operation);
  if (conv == nullptr || demands_.plan.root[conv->output] == root) return 1;
  const auto inputs = ir::inputs_of(demands_.graph.nodes[node].operation);
  const bool is_input = std::any_of(inputs.begin(), inputs.end(),
                                    [&](ir::TensorId t) { return demands_.plan.root[t] == root; });
  return is_input ? row_stride(*conv) : 1;
}

int Division::infeasible_nodes() const {
  int count = 0;
  for (ir::NodeId n : demands_.graph.nodes.ids()) count += is_feasible(n) ? 0 : 1;
  return count;
}

bool Division::is_feasible(ir::NodeId node) const {
  if (demands_.touched[node].empty()) return true;
  if (const Chain* chain = demands_.chain_at(node)) {
    const auto is_striped = [&](ir::TensorId t) { return bool{striped_[demands_.plan.root[t]]}; };
    return lay_out_chain(demands_.graph, demands_.plan.fusions, *chain, demands_.config, 1, 0,
                         is_striped)
               .bytes <= workspace_[node];
  }
  int64_t most = 0;
  const int64_t reach = std::visit([](const auto& o) { return int64_t{reach_of(o)}; },
                                   demands_.graph.nodes[node].operation);
  for (ir::TensorId t : demands_.touched[node]) {
    if (striped_[t] && !is_batch(node, t))
      most = std::max(most, 2 * reach * shape_of(t).w * shape_of(t).c);
  }
  return most <= share_of(node);
}

// Whether this result of the node goes to its follower batch by batch: it then needs next to no
// place.
bool Division::is_batch(ir::NodeId node, ir::TensorId root) const {
  if (!demands_.plan.fusions.follower[node].exists() || !demands_.plan.fusions.is_transient[root])
    return false;
  const auto& tensors =
      demands_.touched[node];  // the follower's other operand and result come last
  return std::none_of(tensors.end() - 2, tensors.end(),
                      [&](ir::TensorId t) { return bool{striped_[t]}; });
}

// The workspace of one of the node's striped tensors, whole banks where there are enough
// (share_workspace).
int64_t Division::share_of(ir::NodeId node) const {
  const auto& tensors = demands_.touched[node];
  const int64_t striped = std::count_if(tensors.begin(), tensors.end(),
                                        [&](ir::TensorId t) { return bool{striped_[t]}; });
  if (striped == 0) return workspace_[node];
  const int64_t share = workspace_[node] / striped, bank = demands_.config.scratchpad_bank_bytes;
  return share > bank ? share / bank * bank : share;
}

bool Division::needs_workspace(ir::NodeId node) const {
  const auto& tensors = demands_.touched[node];
  if (tensors.empty()) return false;
  return demands_.chain_at(node) != nullptr ||
         std::any_of(tensors.begin(), tensors.end(), [&](ir::TensorId t) {
           return striped_[t] || demands_.graph.tensors[t].constant.has_value();
         });
}

// Places every tensor that is not striped. Where one finds no place, one that is in the way
// becomes striped: large and seldom touched. Then those that were placed find theirs anew.
void Division::place_all() {
  for (bool is_done = false; !is_done;) {
    ir::Indexed<ir::NodeId, int64_t> holes;
    for (ir::NodeId n : demands_.graph.nodes.ids())
      holes.add(needs_workspace(n) ? workspace_[n] : 0);
    Residents residents(capacity_, demands_.config.scratchpad_bank_bytes, std::move(holes));
    homes_.assign(demands_.graph.tensors.size(), {});
    crowded_ = 0;
    is_done = true;
    for (ir::TensorId t : homes_.ids()) {
      if (demands_.plan.root[t] != t || demands_.graph.tensors[t].constant || striped_[t]) continue;
      const int64_t bytes = demands_.graph.tensors[t].shape.elements();
      Home& home = homes_[t];
      const auto place = [&] {
        home.is_on_chip = residents.place(t, bytes, demands_.lives[t],
                                          demands_.config.scratchpad_bank_bytes, home.scratchpad) ||
                          (residents.place(t, bytes, demands_.lives[t], demands_.config.line_bytes,
                                           home.scratchpad) &&
                           ++crowded_ > 0);
        return home.is_on_chip;
      };
      while (!place()) {
        is_done = false;
        ir::TensorId victim = t;
        const auto worth = [&](ir::TensorId v) {
          return demands_.graph.tensors[v].shape.elements() / std::max(1, demands_.touches[v]);
        };
        for (ir::TensorId other : ir::IdRange(ir::TensorId(0), t)) {
          if (homes_[other].is_on_chip && demands_.lives[other].overlaps(demands_.lives[t]) &&
              worth(other) > worth(victim)) {
            victim = other;
          }
        }
        striped_[victim] = true;
        if (victim == t) break;
        homes_[victim] = {};
        residents.remove(victim);
      }
    }
    workspaces_.clear();
    if (!is_done) continue;
    for (ir::NodeId n : demands_.graph.nodes.ids()) workspaces_.add(residents.hole_at(n));
  }
}

}  // namespace zahl::plan
