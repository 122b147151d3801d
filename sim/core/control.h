// Whether the machine runs, and why it stopped: start, finish, errors, watchdog (docs/machine.md,
// section 3).
#pragma once

#include "sim/core/dispatch.h"
#include "sim/core/fetch_buffer.h"
#include "sim/core/unit.h"

namespace zahl::sim {

class Control : public sc_core::sc_module {
 public:
  Control(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
          FetchBuffer& fetch, Dispatch& dispatch);
  void reset();

  // Cycle 0 of a program at this address. REQUIRES: not running.
  void start(uint64_t program, uint32_t watchdog_limit);
  // Takes back the interrupt and the error. REQUIRES: not running.
  void clear();

  bool interrupt() const { return done_; }
  isa::Error error() const { return error_; }
  uint32_t error_index() const { return error_index_; }

 private:
  void settle();
  void finish(Cycle t);
  bool quiet(Cycle t) const;
  void check_ownership();
  void watch();
  void interrupt_rises();

  MachineState& state_;
  Neighbours& neighbours_;
  FetchBuffer& fetch_;
  Dispatch& dispatch_;
  Alarm ownership_alarm_, watchdog_alarm_, interrupt_alarm_;

  bool done_ = false;
  isa::Error error_ = isa::Error::None;
  uint32_t error_index_ = 0;
};

}  // namespace zahl::sim
