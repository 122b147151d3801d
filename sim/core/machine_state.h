// The registers that more than one unit sees: tokens, error, counters; and the record of the run.
//
// A value that is decided in cycle t and read by others from t + 1 on is kept with the cycle from
// which it is visible.
#pragma once

#include <vector>

#include "contract/run.h"
#include "sim/base/time_axis.h"
#include "sim/core/counters.h"
#include "sim/core/tokens.h"
#include "sim/core/watchdog.h"

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
  TimeAxis time;
  uint32_t instruction_count = 0;
  bool running = false;

  Tokens tokens;
  Counters counters;
  Watchdog watchdog;

  bool trace_instructions = true;
  std::vector<InstructionTrace> trace;  // by program index; end 0: has not ended

  Alarm settle{time, Step::Arrive};  // control looks whether the machine has finished

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

  // What control.start clears.
  void clear() {
    tokens = {};
    counters = {};
    cause_ = {};
    trace.assign(trace_instructions ? instruction_count : 0, {});
  }

 private:
  Cause cause_;
};

}  // namespace zahl::sim
