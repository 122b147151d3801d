#include "compiler/emit/order.h"

#include <deque>

namespace zahl::emit {
namespace {

using lower::Access;
using lower::Planned;
using lower::Step;

constexpr size_t kFarthest = 512;  // instructions that a load may pass

bool conflict(const Planned& a, const Planned& b) {
  for (const Access& x : a.accesses) {
    for (const Access& y : b.accesses) {
      if ((x.is_write || y.is_write) && x.overlaps(y)) return true;
    }
  }
  return false;
}

struct PendingLoad {
  Planned planned;
  size_t need = 0;      // index of the first body instruction that uses it
  size_t earliest = 0;  // may come before this body instruction, and not before an earlier one
};

// The body instruction before which a load of the step that begins at `step_begin` may come at the
// earliest.
size_t earliest_place(const Planned& load, const std::vector<Planned>& bodies, size_t step_begin) {
  const size_t limit = step_begin > kFarthest ? step_begin - kFarthest : 0;
  size_t place = step_begin;
  while (place > limit && !conflict(load, bodies[place - 1])) --place;
  return place;
}

}  // namespace

std::vector<Planned> order_steps(std::vector<Step> steps, int ahead) {
  std::vector<Planned> bodies;
  std::deque<PendingLoad> loads;
  for (Step& step : steps) {
    const size_t begin = bodies.size();
    std::move(step.body.begin(), step.body.end(), std::back_inserter(bodies));
    for (Planned& load : step.loads) {
      PendingLoad pending{std::move(load), begin, 0};
      while (pending.need < bodies.size() && !conflict(pending.planned, bodies[pending.need]))
        ++pending.need;
      pending.earliest = earliest_place(pending.planned, bodies, begin);
      loads.push_back(std::move(pending));
    }
  }
  // Loads keep their order, so one is needed no later than those behind it.
  for (size_t i = loads.size(); i-- > 1;)
    loads[i - 1].need = std::min(loads[i - 1].need, loads[i].need);

  std::vector<Planned> sequence;
  sequence.reserve(bodies.size() + loads.size());
  std::deque<size_t> early;  // needs of the loads that are in the sequence and not needed yet
  for (size_t now = 0; now <= bodies.size(); ++now) {
    while (!early.empty() && early.front() <= now) early.pop_front();
    while (!loads.empty() && loads.front().earliest <= now &&
           (loads.front().need <= now || early.size() < static_cast<size_t>(ahead))) {
      if (loads.front().need > now) early.push_back(loads.front().need);
      sequence.push_back(std::move(loads.front().planned));
      loads.pop_front();
    }
    if (now < bodies.size()) sequence.push_back(std::move(bodies[now]));
  }
  return sequence;
}

}  // namespace zahl::emit
