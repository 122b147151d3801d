// What the four execution units have in common: they issue from a queue, hold claims while
// instructions are in flight, publish ends, and count what they did in each cycle (docs/machine.md,
// sections 2, 3 and 5).
//
// A unit decides only in cycles in which something that it waits for changes.
#pragma once

#include <systemc>

#include "sim/core/claims.h"
#include "sim/core/issue.h"
#include "sim/core/machine_state.h"

namespace zahl::sim {

class Unit;

// Everyone that a unit's starts and ends may wake.
struct Neighbours {
  std::array<Unit*, isa::kUnitCount> units{};
  Alarm* dispatch = nullptr;  // waits for a place in `blocked_on`'s queue
  const Unit* blocked_on = nullptr;
  Alarm* ownership = nullptr;  // control checks claims in the cycle asked for
};

class Unit : public sc_core::sc_module {
 public:
  CauseRank fault_rank() const;

  const Issue& queue() const { return issue_; }
  const InFlight& in_flight() const { return in_flight_; }

  // Dispatch hands over an instruction. REQUIRES: the queue has a place.
  void push(Cycle t, uint32_t index, const isa::Instruction& instruction);
  // Another unit's token that the head waits for may have come.
  void token_came(isa::Unit from, Cycle t);

  virtual void reset();
  // Counts the cycles before t that have not been counted yet.
  void account(Cycle t) { counters_.account(t); }

 protected:
  Unit(sc_core::sc_module_name name, isa::Unit which, MachineState& state, Neighbours& neighbours);

  // Instruction `sequence` (the n-th that this unit starts) starts in cycle s. The unit sets its
  // end now or later.
  virtual void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) = 0;

  void set_end(uint32_t sequence, Cycle end);
  // A range fault outranks a bus error.
  void set_fault(uint32_t sequence, isa::Error fault);
  // Nothing else can start before `cycle`; kNever: not known yet.
  void set_ready(Cycle cycle);

  MachineState& state_;
  // The cycles before the end of the latest instruction count as covered, unless start says
  // otherwise.
  UnitCounters counters_;
  size_t in_flight_limit_ = 1;

 private:
  void decide();
  void publish();
  void begin(Cycle t);
  void wake_for_head(Cycle earliest);

  const isa::Unit which_;
  Neighbours& neighbours_;
  Alarm decide_alarm_, publish_alarm_;
  Issue issue_;
  InFlight in_flight_;
};

}  // namespace zahl::sim
