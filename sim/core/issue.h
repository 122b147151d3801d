// The queue of one unit, and when the instruction at its head can start (docs/machine.md, section
// 5).
//
// An instruction pushed in cycle t can start from t + 1 on. A place is free again in the cycle
// after the start.
#pragma once

#include <algorithm>

#include "isa/encoding.h"
#include "sim/base/cycle.h"
#include "sim/base/fifo.h"
#include "sim/core/tokens.h"

namespace zahl::sim {

class Issue {
 public:
  struct Queued {
    uint32_t index = 0;
    Cycle visible = 0;
    isa::Instruction instruction;
  };

  void reset(int depth) {
    depth_ = static_cast<size_t>(depth);
    queue_.reset(depth_);
    last_pop_ = -1;
    ready_ = 0;
    waits_for_ = -1;
  }

  // The queue as it stands at the start of cycle t.
  bool has_place(Cycle t) const { return queue_.size() + (last_pop_ == t ? 1 : 0) < depth_; }
  bool popped_in(Cycle t) const { return last_pop_ == t; }

  bool empty() const { return queue_.empty(); }
  const Queued& head() const { return queue_.front(); }
  void push(Cycle t, uint32_t index, const isa::Instruction& instruction) {
    Queued& place = queue_.push();
    place.index = index;
    place.visible = t + 1;
    place.instruction = instruction;
  }
  void pop(Cycle t) {
    queue_.pop();
    last_pop_ = t;
  }

  // Nothing can start before `cycle`; kNever: not known yet.
  void set_ready(Cycle cycle) { ready_ = cycle; }
  bool is_ready(Cycle t) const { return ready_ <= t; }
  // The first cycle, `earliest` at the earliest, in which the head is visible and the unit ready.
  Cycle next(Cycle earliest) const { return std::max({earliest, queue_.front().visible, ready_}); }

  // The first unit whose tokens the head still lacks; -1: none.
  int look_for_tokens(const Tokens& tokens) {
    const isa::Common& common = isa::common_of(queue_.front().instruction);
    waits_for_ = -1;
    for (size_t unit = 0; unit < isa::kUnitCount && waits_for_ < 0; ++unit) {
      if (!tokens.suffice(common, unit)) waits_for_ = static_cast<int>(unit);
    }
    return waits_for_;
  }
  void wait_for_nothing() { waits_for_ = -1; }
  // Whether the wait for `from`, for which the head was last seen to wait, is met now.
  bool is_met(isa::Unit from, const Tokens& tokens) const {
    return waits_for_ == static_cast<int>(from) &&
           tokens.suffice(isa::common_of(queue_.front().instruction), static_cast<size_t>(from));
  }

 private:
  Fifo<Queued> queue_;
  size_t depth_ = 0;
  Cycle last_pop_ = -1;
  Cycle ready_ = 0;
  int waits_for_ = -1;
};

}  // namespace zahl::sim
