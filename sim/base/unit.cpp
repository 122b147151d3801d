#include "sim/base/unit.h"

#include "sim/base/witness.h"

namespace zahl::sim {

namespace {

constexpr std::array<isa::Counter, isa::kUnitCount> kBusyCounters = {
    isa::Counter::LoadBusy, isa::Counter::StoreBusy, isa::Counter::ArrayBusy,
    isa::Counter::PostBusy};
constexpr std::array<isa::Counter, isa::kUnitCount> kWaitCounters = {
    isa::Counter::LoadWaitLoad, isa::Counter::StoreWaitLoad, isa::Counter::ArrayWaitLoad,
    isa::Counter::PostWaitLoad};

Claims claims_of(const isa::Common& common) {
  return {common.read_banks, common.write_banks, common.accumulator_banks};
}

}  // namespace

Unit::Unit(sc_core::sc_module_name name, isa::Unit which, MachineState& state,
           Neighbours& neighbours)
    : sc_module(name),
      state_(state),
      which_(which),
      neighbours_(neighbours),
      decide_alarm_(state.clock, Step::Decide),
      publish_alarm_(state.clock, Step::Publish),
      first_counter_(static_cast<int>(kBusyCounters[static_cast<size_t>(which)])),
      wait_offset_(static_cast<int>(kWaitCounters[static_cast<size_t>(which)]) - first_counter_) {
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
  queue_.reset(static_cast<size_t>(state_.config.queue_depth));
  in_flight_.reset(kMostInFlight);
  held_ = {};
  first_sequence_ = last_started_ = 0;
  last_pop_ = -1;
  ready_ = 0;
  accounted_ = 1;
  covered_until_ = 0;
  stall_ = counter(wait_offset_ + isa::kUnitCount);  // idle
  waits_for_ = -1;
}

bool Unit::has_place(Cycle t) const {
  const size_t at_start_of_cycle = queue_.size() + (last_pop_ == t ? 1 : 0);
  return at_start_of_cycle < static_cast<size_t>(state_.config.queue_depth);
}

void Unit::push(Cycle t, uint32_t index, const isa::Instruction& instruction) {
  const bool was_empty = queue_.empty();
  Queued& place = queue_.push();
  place.index = index;
  place.visible = t + 1;
  place.instruction = instruction;
  if (was_empty) wake_for_head(t + 1);
}

void Unit::wake_for_head(Cycle earliest) {
  const Cycle cycle = std::max({earliest, queue_.front().visible, ready_});
  if (cycle < kNever) decide_alarm_.at(cycle);
}

void Unit::set_ready(Cycle cycle) {
  ready_ = cycle;
  if (!queue_.empty() && cycle < kNever) wake_for_head(cycle);
}

void Unit::token_came(isa::Unit from, Cycle t) {
  if (waits_for_ != static_cast<int>(from)) return;
  const isa::Common& common = isa::common_of(queue_.front().instruction);
  if (state_.done[static_cast<size_t>(from)] >= common.wait[static_cast<size_t>(from)])
    decide_alarm_.at(t);
}

void Unit::decide() {
  decide_alarm_.fired();
  const Cycle t = state_.clock.now();
  account(t);
  waits_for_ = -1;
  stall_ = counter(wait_offset_ + isa::kUnitCount);
  if (queue_.empty()) return;
  const Queued& head = queue_.front();
  if (head.visible > t) return wake_for_head(t + 1);
  const isa::Common& common = isa::common_of(head.instruction);
  for (int unit = 0; unit < isa::kUnitCount; ++unit) {
    if (state_.done[static_cast<size_t>(unit)] >= common.wait[static_cast<size_t>(unit)]) continue;
    waits_for_ = unit;
    stall_ = counter(wait_offset_ + unit);
    return;
  }
  if (state_.error_visible(t)) return;
  if (ready_ > t) return wake_for_head(t + 1);
  if (in_flight_.size() >= in_flight_limit_) return;  // the end of one of them wakes
  begin(t);
}

void Unit::begin(Cycle t) {
  const Queued& head = queue_.front();
  const Witness::Section section(which_, head.index);
  const Claims claims = claims_of(isa::common_of(head.instruction));
  in_flight_.push() = {head.index, t, kNever, isa::Error::None, claims};
  last_started_ = head.index;
  for (const Unit* other : neighbours_.units) {
    // Cheap and never too optimistic; control looks closer in the cycle in which the claims are
    // visible.
    if (other != this && claims.conflicts(other->held_)) neighbours_.ownership->at(t + 1);
  }
  held_.add(claims);
  state_.watchdog.progress(t);
  covered_until_ = kNever;
  start(head.instruction, first_sequence_ + static_cast<uint32_t>(in_flight_.size()) - 1, t);
  queue_.pop();
  last_pop_ = t;
  if (neighbours_.blocked_on == this) neighbours_.dispatch->at(t + 1);
  if (!queue_.empty()) wake_for_head(t + 1);
}

void Unit::set_end(uint32_t sequence, Cycle end) {
  const size_t place = sequence - first_sequence_;
  in_flight_[place].end = end;
  if (place + 1 == in_flight_.size() && covered_until_ == kNever) covered_until_ = end;
  if (place == 0) publish_alarm_.at(end);
}

void Unit::set_fault(uint32_t sequence, isa::Error fault) {
  InFlight& instruction = in_flight_[sequence - first_sequence_];
  if (instruction.fault != isa::Error::Range) instruction.fault = fault;
}

void Unit::publish() {
  publish_alarm_.fired();
  const Cycle t = state_.clock.now();
  const InFlight& ended = in_flight_.front();
  if (state_.trace_instructions) state_.trace[ended.index] = {ended.index, which_, ended.start, t};
  if (ended.fault != isa::Error::None) state_.raise(t, fault_rank(), ended.fault, ended.index);
  state_.watchdog.progress(t);
  in_flight_.pop();
  ++first_sequence_;
  ++state_.done[static_cast<size_t>(which_)];
  if (++state_.ended == state_.instruction_count || state_.error_visible(t)) state_.settle.at(t);

  held_ = {};
  for (size_t i = 0; i < in_flight_.size(); ++i) held_.add(in_flight_[i].claims);
  if (!in_flight_.empty() && in_flight_.front().end < kNever)
    publish_alarm_.at(in_flight_.front().end);
  for (Unit* unit : neighbours_.units) unit->token_came(which_, t);
  if (!queue_.empty() && in_flight_.size() + 1 == in_flight_limit_) wake_for_head(t);
}

Claims Unit::claims_at(Cycle t) const {
  Claims claims;
  for (size_t i = 0; i < in_flight_.size(); ++i) {
    if (in_flight_[i].start < t && in_flight_[i].end > t) claims.add(in_flight_[i].claims);
  }
  return claims;
}

void Unit::account(Cycle t) {
  if (const Cycle end = std::min(t, covered_until_); end > accounted_) {
    state_.counter(counter(covered_counter_)) += static_cast<uint64_t>(end - accounted_);
    accounted_ = end;
  }
  if (t > accounted_) {
    state_.counter(stall_) += static_cast<uint64_t>(t - accounted_);
    accounted_ = t;
  }
}

}  // namespace zahl::sim
