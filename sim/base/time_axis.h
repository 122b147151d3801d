// Cycles on SystemC's time axis: one cycle is kSteps time units. Integers only.
//
// No clock ticks here: SystemC's time moves from one thing asked for to the next, and the axis says
// in which cycle of the machine it stands. (What one unit knows of the others' progress is a vector
// clock, another matter: compiler/emit/tokens.cpp.)
#pragma once

#include <algorithm>
#include <systemc>

#include "sim/base/cycle.h"

namespace zahl::sim {

class TimeAxis {
 public:
  // Makes the next whole cycle cycle 0.
  void restart() { origin_ = (ticks() / kSteps + 1) * kSteps; }
  Cycle now() const { return (ticks() - origin_) / kSteps; }
  // Time units from now to a step of a cycle; never negative.
  sc_dt::uint64 delay(Cycle cycle, Step step) const {
    const int64_t target = origin_ + cycle * kSteps + static_cast<int64_t>(step);
    return static_cast<sc_dt::uint64>(std::max<int64_t>(target - ticks(), 0));
  }

 private:
  static int64_t ticks() { return static_cast<int64_t>(sc_core::sc_time_stamp().value()); }

  int64_t origin_ = 0;
};

// Wakes a process in one step of a cycle. Asked for several cycles, it fires in the earliest; the
// process asks again.
class Alarm {
 public:
  Alarm(const TimeAxis& time, Step step) : time_(time), step_(step) {}

  const sc_core::sc_event& event() const { return event_; }
  // REQUIRES: the step of `cycle` has not passed.
  void at(Cycle cycle) {
    if (cycle >= pending_) return;
    pending_ = cycle;
    event_.notify(sc_core::sc_time::from_value(time_.delay(cycle, step_)));
  }
  // The process calls this first.
  void fired() { pending_ = kNever; }
  void cancel() {
    event_.cancel();
    pending_ = kNever;
  }

 private:
  const TimeAxis& time_;
  const Step step_;
  sc_core::sc_event event_;
  Cycle pending_ = kNever;
};

}  // namespace zahl::sim
