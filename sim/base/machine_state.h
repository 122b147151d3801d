// The registers that more than one unit sees: tokens, error, counters; and the record of the run.
//
// A value that is decided in cycle t and read by others from t + 1 on is kept with the cycle from
// which it is visible.
#pragma once

#include <array>
#include <vector>

#include "contract/run.h"
#include "sim/base/clock.h"
#include "sim/base/watchdog.h"

namespace zahl::sim {

// Order in which causes of one cycle are recorded (docs/machine.md, section 3).
enum class CauseRank : uint8_t {
  Illegal,
  Ownership,
  LoadFault,
  StoreFault,
  ArrayFault,
  PostFault,
  Watchdog,
  None
};

struct Cause {
  Cycle cycle = kNever;
  CauseRank rank = CauseRank::None;
  isa::Error error = isa::Error::None;
  uint32_t index = 0;
};

struct MachineState {
  hw::Config config;
  bool compute_values = true;
  Clock clock;
  uint32_t instruction_count = 0;
  bool running = false;

  std::array<uint32_t, isa::kUnitCount> done{};  // instructions ended, as visible now
  uint32_t ended = 0;                            // their sum
  uint32_t dispatched = 0;
  Cycle last_dispatch = -1;

  std::array<uint64_t, isa::kCounterCount> counters{};
  Watchdog watchdog;

  bool trace_instructions = true;
  std::vector<InstructionTrace> trace;  // by program index; end 0: has not ended

  Alarm settle{clock, Step::Arrive};  // control looks whether the machine has finished

  bool error_visible(Cycle t) const { return cause_.cycle < t; }
  const Cause& cause() const { return cause_; }
  // The first cycle in which `error` is visible.
  Cycle error_cycle() const { return cause_.cycle == kNever ? kNever : cause_.cycle + 1; }

  // A cause seen in cycle t, which is now.
  void raise(Cycle t, CauseRank rank, isa::Error error, uint32_t index) {
    if (t > cause_.cycle || (t == cause_.cycle && rank >= cause_.rank)) return;
    cause_ = {t, rank, error, index};
    settle.at(t);
  }

  uint64_t& counter(isa::Counter c) { return counters[static_cast<size_t>(c)]; }

  // What control.start clears.
  void clear() {
    done = {};
    ended = dispatched = 0;
    last_dispatch = -1;
    counters = {};
    cause_ = {};
    trace.assign(trace_instructions ? instruction_count : 0, {});
  }

 private:
  Cause cause_;
};

}  // namespace zahl::sim
