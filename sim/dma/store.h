// The store unit: rows of bytes from the scratchpad to DRAM (docs/machine.md, section 6).
//
// Two activations a burst: when it begins, and when its last data beat is transferred and the whole
// of it reaches the memory. The bytes are read then, since nobody may change them before the
// instruction ends.
#pragma once

#include "sim/core/unit.h"
#include "sim/dma/bursts.h"
#include "sim/dma/memory_port.h"
#include "sim/mem/scratchpad.h"

namespace zahl::sim {

class Store : public Unit {
 public:
  Store(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours, MemoryPort& port,
        Scratchpad& scratchpad);
  void reset() override;

 private:
  struct Begun {
    Cycle arrival = 0;
    uint64_t dram = 0;
    int64_t scratchpad = 0;
    uint32_t bytes = 0;
    uint32_t sequence = 0;
    uint32_t read_banks = 0;
    bool ends_instruction = false;
  };

  void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) override;
  void begin_burst();
  void arrive();
  uint8_t* bytes_of(const Begun& burst);

  MemoryPort& port_;
  Scratchpad& scratchpad_;
  Alarm begin_alarm_, arrive_alarm_;

  // The issue stage.
  Bursts bursts_;
  uint32_t sequence_ = 0;
  uint32_t read_banks_ = 0;
  Cycle earliest_ = 0;  // the burst before must have been read

  Fifo<Begun> begun_;             // not arrived yet
  Fifo<Cycle> responses_;         // of the bursts that have arrived and are outstanding
  std::vector<uint8_t> partial_;  // a burst of which some beats must not be read
};

}  // namespace zahl::sim
