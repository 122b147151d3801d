#include "sim/core/unit.h"

#include "sim/base/witness.h"

namespace zahl::sim {

Unit::Unit(sc_core::sc_module_name name, isa::Unit which, MachineState& state,
           Neighbours& neighbours)
    : sc_module(name),
      state_(state),
      counters_(state.counters, which),
      which_(which),
      neighbours_(neighbours),
      decide_alarm_(state.time, Step::Decide),
      publish_alarm_(state.time, Step::Publish) {
  neighbours.units[static_cast<size_t>(which)] = this;
  SC_HAS_PROCESS(Unit);
  SC_METHOD(decide);
  dont_initialize();
  sensitive << decide_alarm_.event();
  SC_METHOD(publish);
  dont_initialize();
  sensitive << publish_alarm_.event();
}

CauseRank Unit::fault_rank() const {
  return static_cast<CauseRank>(static_cast<int>(CauseRank::LoadFault) + static_cast<int>(which_));
}

void Unit::reset() {
  decide_alarm_.cancel();
  publish_alarm_.cancel();
  issue_.reset(state_.config.queue_depth);
  in_flight_.reset();
  counters_.reset();
}

void Unit::push(Cycle t, uint32_t index, const isa::Instruction& instruction) {
  const bool was_empty = issue_.empty();
  issue_.push(t, index, instruction);
  if (was_empty) wake_for_head(t + 1);
}

void Unit::wake_for_head(Cycle earliest) {
  const Cycle cycle = issue_.next(earliest);
  if (cycle < kNever) decide_alarm_.at(cycle);
}

void Unit::set_ready(Cycle cycle) {
  issue_.set_ready(cycle);
  if (!issue_.empty() && cycle < kNever) wake_for_head(cycle);
}

void Unit::token_came(isa::Unit from, Cycle t) {
  if (issue_.is_met(from, state_.tokens)) decide_alarm_.at(t);
}

void Unit::decide() {
  decide_alarm_.fired();
  const Cycle t = state_.time.now();
  account(t);
  issue_.wait_for_nothing();
  counters_.is_idle();
  if (issue_.empty()) return;
  if (issue_.head().visible > t) return wake_for_head(t + 1);
  if (const int lacking = issue_.look_for_tokens(state_.tokens); lacking >= 0) {
    counters_.waits_for(lacking);
    return;
  }
  if (state_.error_visible(t)) return;
  if (!issue_.is_ready(t)) return wake_for_head(t + 1);
  if (in_flight_.size() >= in_flight_limit_) return;  // the end of one of them wakes
  begin(t);
}

void Unit::begin(Cycle t) {
  const Issue::Queued& head = issue_.head();
  const Witness::Section section(which_, head.index);
  const Claims claims = Claims::of(isa::common_of(head.instruction));
  for (const Unit* other : neighbours_.units) {
    // Cheap and never too optimistic; control looks closer in the cycle in which the claims are
    // visible.
    if (other != this && claims.conflicts(other->in_flight_.held()))
      neighbours_.ownership->at(t + 1);
  }
  const uint32_t sequence = in_flight_.start(head.index, t, claims);
  state_.watchdog.progress(t);
  counters_.set_covered(kNever);
  start(head.instruction, sequence, t);
  issue_.pop(t);
  if (neighbours_.blocked_on == this) neighbours_.dispatch->at(t + 1);
  if (!issue_.empty()) wake_for_head(t + 1);
}

void Unit::set_end(uint32_t sequence, Cycle end) {
  in_flight_[sequence].end = end;
  if (in_flight_.is_latest(sequence) && counters_.is_open()) counters_.set_covered(end);
  if (in_flight_.is_oldest(sequence)) publish_alarm_.at(end);
}

void Unit::set_fault(uint32_t sequence, isa::Error fault) {
  InFlight::Entry& instruction = in_flight_[sequence];
  if (instruction.fault != isa::Error::Range) instruction.fault = fault;
}

void Unit::publish() {
  publish_alarm_.fired();
  const Cycle t = state_.time.now();
  const InFlight::Entry& ended = in_flight_.oldest();
  if (state_.trace_instructions) state_.trace[ended.index] = {ended.index, which_, ended.start, t};
  if (ended.fault != isa::Error::None) state_.raise(t, fault_rank(), ended.fault, ended.index);
  state_.watchdog.progress(t);
  in_flight_.end();
  state_.tokens.end(which_);
  if (state_.tokens.ended == state_.instruction_count || state_.error_visible(t))
    state_.settle.at(t);

  if (!in_flight_.empty() && in_flight_.oldest().end < kNever)
    publish_alarm_.at(in_flight_.oldest().end);
  for (Unit* unit : neighbours_.units) unit->token_came(which_, t);
  if (!issue_.empty() && in_flight_.size() + 1 == in_flight_limit_) wake_for_head(t);
}

}  // namespace zahl::sim
