#include "sim/core/dispatch.h"

namespace zahl::sim {

Dispatch::Dispatch(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
                   FetchBuffer& fetch)
    : sc_module(name),
      state_(state),
      neighbours_(neighbours),
      fetch_(fetch),
      take_alarm_(state.time, Step::Decide) {
  neighbours.dispatch = &take_alarm_;
  fetch.set_dispatch(take_alarm_);
  SC_HAS_PROCESS(Dispatch);
  SC_METHOD(take);
  dont_initialize();
  sensitive << take_alarm_.event();
}

void Dispatch::reset() {
  take_alarm_.cancel();
  neighbours_.blocked_on = nullptr;
  accounted_ = 1;
}

void Dispatch::take() {
  take_alarm_.fired();
  const Cycle t = state_.time.now();
  neighbours_.blocked_on = nullptr;
  if (fetch_.empty() || state_.error_visible(t)) return;
  const FetchBuffer::Fetched& head = fetch_.head();
  if (head.available > t) return take_alarm_.at(head.available);
  if (!head.legal) {
    state_.raise(t, CauseRank::Illegal, isa::Error::IllegalInstruction, state_.tokens.dispatched);
    return;
  }
  Unit& unit = *neighbours_.units[static_cast<size_t>(isa::unit_of(head.instruction))];
  if (!unit.queue().has_place(t)) {
    neighbours_.blocked_on = &unit;
    if (unit.queue().popped_in(t))
      take_alarm_.at(t + 1);  // the unit came first in this cycle; else it wakes
    return;
  }
  account(t);
  accounted_ = t + 1;
  unit.push(t, state_.tokens.dispatched, head.instruction);
  ++state_.tokens.dispatched;
  state_.tokens.last_dispatch = t;
  fetch_.take(t);
  if (!fetch_.empty()) take_alarm_.at(std::max(t + 1, fetch_.head().available));
}

void Dispatch::account(Cycle end) {
  end = std::min(end, state_.error_cycle());
  if (state_.tokens.dispatched == state_.instruction_count || end <= accounted_) return;
  const Cycle available = fetch_.empty() ? kNever : std::max(accounted_, fetch_.head().available);
  state_.counters[isa::Counter::DispatchEmpty] +=
      static_cast<uint64_t>(std::min(end, available) - accounted_);
  if (end > available && fetch_.head().legal) {
    state_.counters[isa::Counter::DispatchFull] += static_cast<uint64_t>(end - available);
  }
  accounted_ = end;
}

}  // namespace zahl::sim
