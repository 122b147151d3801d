// Reads the program into the fetch buffer and decodes it, each word once (docs/machine.md, section
// 5).
//
// Asks in step Decide, so that load, which asks later in the cycle, sees that the address channel
// is taken.
#pragma once

#include "isa/encoding.h"
#include "sim/base/machine_state.h"
#include "sim/base/ring.h"
#include "sim/dma/burst.h"

namespace zahl::sim {

class Fetch : public sc_core::sc_module {
 public:
  struct Fetched {
    Cycle available = 0;  // dispatch can take it from this cycle on
    bool legal = false;
    isa::Instruction instruction;
  };

  Fetch(sc_core::sc_module_name name, MachineState& state, MemoryPort& port);

  void reset();
  // control.start: the first burst is asked for in cycle 1.
  void start(uint64_t program);
  // Fetch tells dispatch when the head of an empty buffer will be available.
  void set_dispatch(Alarm& dispatch) { dispatch_ = &dispatch; }

  bool empty() const { return buffer_.empty(); }
  const Fetched& head() const { return buffer_.front(); }
  void take(Cycle t);

  bool asked_in(Cycle t) const { return last_asked_ == t; }
  // No burst is outstanding from this cycle on.
  Cycle quiet() const { return quiet_; }

 private:
  void ask();
  uint32_t next_burst() const;

  MachineState& state_;
  MemoryPort& port_;
  Alarm ask_alarm_;
  Alarm* dispatch_ = nullptr;
  Ring<Fetched> buffer_;
  uint64_t address_ = 0;
  uint32_t left_ = 0;  // instructions not asked for
  uint32_t asked_ = 0, taken_ = 0;
  Cycle last_taken_ = -1, last_asked_ = -1;
  Cycle quiet_ = 0;
};

}  // namespace zahl::sim
