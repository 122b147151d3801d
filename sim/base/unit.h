// What the four execution units have in common: the queue, the wait for tokens, start and end of
// instructions, claims, and the counters that tell for each cycle what the unit did
// (docs/machine.md, sections 2, 3 and 5).
//
// A unit decides only in cycles in which something that it waits for changes; cycles between are
// accounted as intervals.
#pragma once

#include <systemc>

#include "isa/encoding.h"
#include "sim/base/machine_state.h"
#include "sim/base/ring.h"

namespace zahl::sim {

// Ports that an instruction owns from its start to its end.
struct Claims {
  uint32_t read_banks = 0, write_banks = 0, accumulator_banks = 0;
  bool conflicts(const Claims& other) const {
    return ((read_banks & other.read_banks) | (write_banks & other.write_banks) |
            (accumulator_banks & other.accumulator_banks)) != 0;
  }
  void add(const Claims& other) {
    read_banks |= other.read_banks;
    write_banks |= other.write_banks;
    accumulator_banks |= other.accumulator_banks;
  }
};

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
  isa::Unit which() const { return which_; }
  CauseRank fault_rank() const;

  // Dispatch: the queue as it stands at the start of cycle t.
  bool has_place(Cycle t) const;
  bool popped_in(Cycle t) const { return last_pop_ == t; }
  void push(Cycle t, uint32_t index, const isa::Instruction& instruction);

  // Claims as registers show them in cycle t; the most recently started of their instructions.
  Claims claims_at(Cycle t) const;
  uint32_t last_started() const { return last_started_; }
  bool in_flight() const { return !in_flight_.empty(); }

  // Another unit's token that the head waits for may have come.
  void token_came(isa::Unit from, Cycle t);

  virtual void reset();
  // Counts the cycles before t that have not been counted yet.
  virtual void account(Cycle t);

 protected:
  struct InFlight {
    uint32_t index = 0;
    Cycle start = 0;
    Cycle end = kNever;
    isa::Error fault = isa::Error::None;
    Claims claims;
  };

  Unit(sc_core::sc_module_name name, isa::Unit which, MachineState& state, Neighbours& neighbours);

  // Instruction `sequence` (the n-th that this unit starts) starts in cycle s. The unit sets its
  // end now or later.
  virtual void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) = 0;

  void set_end(uint32_t sequence, Cycle end);
  // A range fault outranks a bus error.
  void set_fault(uint32_t sequence, isa::Error fault);
  // Nothing else can start before `cycle`; kNever: not known yet.
  void set_ready(Cycle cycle);
  // The cycles before `cycle` count as covered; called by start. Without it they are those before
  // the end.
  void set_covered(Cycle cycle) { covered_until_ = cycle; }

  MachineState& state_;
  const isa::Unit which_;
  static constexpr size_t kMostInFlight = 32;
  size_t in_flight_limit_ = 1;
  int covered_counter_ = 0;  // what covered cycles count as: the n-th counter from `busy` on

 private:
  struct Queued {
    uint32_t index = 0;
    Cycle visible = 0;
    isa::Instruction instruction;
  };

  void decide();
  void publish();
  void begin(Cycle t);
  void wake_for_head(Cycle earliest);
  isa::Counter counter(int offset) const {
    return static_cast<isa::Counter>(first_counter_ + offset);
  }

  Neighbours& neighbours_;
  Alarm decide_alarm_, publish_alarm_;
  Ring<Queued> queue_;
  Ring<InFlight> in_flight_;
  Claims held_;                  // of all in flight, possibly with those that end now
  uint32_t first_sequence_ = 0;  // of in_flight_.front()
  uint32_t last_started_ = 0;
  Cycle last_pop_ = -1;
  Cycle ready_ = 0;

  const int first_counter_, wait_offset_;
  Cycle accounted_ = 1;  // cycles before this one have been counted
  Cycle covered_until_ = 0;
  isa::Counter stall_{};  // what uncovered cycles count as
  int waits_for_ = -1;    // the unit whose token the head lacks
};

}  // namespace zahl::sim
