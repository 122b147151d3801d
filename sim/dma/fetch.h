// Reads the program into the fetch buffer and decodes it, each word once (docs/machine.md, section
// 5).
//
// Asks in step Decide, so that load, which asks later in the cycle, sees that the address channel
// is taken.
#pragma once

#include "sim/core/fetch_buffer.h"
#include "sim/core/machine_state.h"
#include "sim/dma/memory_port.h"

namespace zahl::sim {

class Fetch : public sc_core::sc_module, public FetchBuffer {
 public:
  Fetch(sc_core::sc_module_name name, MachineState& state, MemoryPort& port);

  void reset() override;
  void start(uint64_t program) override;
  void take(Cycle t) override;

  bool asked_in(Cycle t) const { return last_asked_ == t; }

 private:
  void ask();
  uint32_t next_burst() const;

  MachineState& state_;
  MemoryPort& port_;
  Alarm ask_alarm_;
  uint64_t address_ = 0;
  uint32_t left_ = 0;  // instructions not asked for
  uint32_t asked_ = 0, taken_ = 0;
  Cycle last_taken_ = -1, last_asked_ = -1;
};

}  // namespace zahl::sim
