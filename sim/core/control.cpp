#include "sim/core/control.h"

#include "sim/core/ownership.h"

namespace zahl::sim {

Control::Control(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
                 FetchBuffer& fetch, Dispatch& dispatch)
    : sc_module(name),
      state_(state),
      neighbours_(neighbours),
      fetch_(fetch),
      dispatch_(dispatch),
      ownership_alarm_(state.time, Step::Publish),
      watchdog_alarm_(state.time, Step::Publish),
      interrupt_alarm_(state.time, Step::Publish) {
  neighbours.ownership = &ownership_alarm_;
  SC_HAS_PROCESS(Control);
  SC_METHOD(settle);
  dont_initialize();
  sensitive << state.settle.event();
  SC_METHOD(check_ownership);
  dont_initialize();
  sensitive << ownership_alarm_.event();
  SC_METHOD(watch);
  dont_initialize();
  sensitive << watchdog_alarm_.event();
  SC_METHOD(interrupt_rises);
  dont_initialize();
  sensitive << interrupt_alarm_.event();
}

void Control::reset() {
  state_.running = false;
  clear();
}

void Control::clear() {
  done_ = false;
  error_ = isa::Error::None;
  error_index_ = 0;
}

void Control::start(uint64_t program, uint32_t watchdog_limit) {
  state_.time.restart();
  for (Unit* unit : neighbours_.units) unit->reset();
  fetch_.reset();
  dispatch_.reset();
  for (Alarm* alarm : {&ownership_alarm_, &watchdog_alarm_, &interrupt_alarm_, &state_.settle})
    alarm->cancel();
  clear();
  state_.clear();
  state_.running = true;
  state_.watchdog.reset(watchdog_limit);
  state_.settle.at(1);
  if (state_.watchdog.enabled()) watchdog_alarm_.at(state_.watchdog.deadline(0));
  fetch_.start(program);
}

bool Control::quiet(Cycle t) const {
  for (const Unit* unit : neighbours_.units) {
    if (!unit->in_flight().empty()) return false;
  }
  return fetch_.quiet() <= t;
}

// After all that happens in a cycle: whether the machine finishes in it.
void Control::settle() {
  state_.settle.fired();
  if (!state_.running) return;
  const Cycle t = state_.time.now();
  const Cycle error = state_.error_cycle();
  if (error == kNever) {
    // dispatched and ended as registers show them at the start of the cycle.
    if (state_.tokens.ended == state_.instruction_count && state_.tokens.last_dispatch < t)
      finish(t);
  } else if (t < error) {
    state_.settle.at(error);
  } else if (quiet(t)) {
    finish(t);
  } else if (fetch_.quiet() > t) {
    state_.settle.at(fetch_.quiet());
  }  // else the next end of an instruction wakes
}

void Control::finish(Cycle t) {
  state_.running = false;
  watchdog_alarm_.cancel();
  ownership_alarm_.cancel();
  for (Unit* unit : neighbours_.units) unit->account(t + 1);
  dispatch_.account(t + 1);
  state_.counters[isa::Counter::Cycles] = static_cast<uint64_t>(t + 1);
  interrupt_alarm_.at(t + 1);
}

void Control::interrupt_rises() {
  interrupt_alarm_.fired();
  done_ = true;
  error_ = state_.cause().error;
  error_index_ = state_.cause().index;
  sc_core::sc_pause();  // whoever drives the simulation looks at the registers
}

void Control::check_ownership() {
  ownership_alarm_.fired();
  const Cycle t = state_.time.now();
  if (const Unit* blamed = breaks_ownership(neighbours_, t)) {
    state_.raise(t, CauseRank::Ownership, isa::Error::Ownership,
                 blamed->in_flight().last_started());
  }
}

void Control::watch() {
  watchdog_alarm_.fired();
  const Cycle t = state_.time.now();
  if (!state_.running || state_.error_visible(t)) return;
  const Cycle deadline = state_.watchdog.deadline(t);
  if (deadline > t) return watchdog_alarm_.at(deadline);
  state_.raise(t, CauseRank::Watchdog, isa::Error::Watchdog, state_.tokens.dispatched);
}

}  // namespace zahl::sim
