#include "compiler/emit/order.h"

#include <algorithm>

namespace zahl::emit {
namespace {

using schedule::Access;
using schedule::Planned;
using schedule::Step;

bool conflict(const Planned& a, const Planned& b) {
  for (const Access& x : a.accesses) {
    for (const Access& y : b.accesses) {
      if ((x.is_write || y.is_write) && x.overlaps(y)) return true;
    }
  }
  return false;
}

// Whether the loads of `later` may come before the body of `earlier`.
bool may_pass(const Step& later, const Step& earlier) {
  return std::none_of(later.loads.begin(), later.loads.end(), [&](const Planned& load) {
    return std::any_of(earlier.body.begin(), earlier.body.end(),
                       [&](const Planned& other) { return conflict(load, other); });
  });
}

}  // namespace

std::vector<Planned> order_steps(std::vector<Step> steps, int distance) {
  std::vector<Planned> sequence;
  size_t loaded = 0;  // loads of the steps before this one are in the sequence
  for (size_t now = 0; now < steps.size(); ++now) {
    for (; loaded < steps.size() && loaded <= now + static_cast<size_t>(distance); ++loaded) {
      bool passes = true;
      for (size_t between = now; between < loaded && passes; ++between)
        passes = may_pass(steps[loaded], steps[between]);
      if (!passes) break;
      std::move(steps[loaded].loads.begin(), steps[loaded].loads.end(), std::back_inserter(sequence));
    }
    std::move(steps[now].body.begin(), steps[now].body.end(), std::back_inserter(sequence));
  }
  return sequence;
}

}  // namespace zahl::emit
