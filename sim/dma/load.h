// The load unit: rows of bytes from DRAM into the scratchpad (docs/machine.md, section 6).
//
// One activation a burst, when its address is transferred: the bytes are copied then, since nobody
// may look at them before the instruction ends.
#pragma once

#include "sim/core/unit.h"
#include "sim/dma/bursts.h"
#include "sim/dma/fetch.h"
#include "sim/dma/memory_port.h"
#include "sim/mem/scratchpad.h"

namespace zahl::sim {

class Load : public Unit {
 public:
  Load(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours, MemoryPort& port,
       const Fetch& fetch, Scratchpad& scratchpad);
  void reset() override;

 private:
  void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) override;
  void ask();
  const Burst& transfer(bool& is_claimed);

  MemoryPort& port_;
  const Fetch& fetch_;
  Scratchpad& scratchpad_;
  Alarm ask_alarm_;

  // The issue stage.
  Bursts bursts_;
  uint32_t sequence_ = 0;
  uint32_t write_banks_ = 0;
  Fifo<Cycle> last_beats_;        // of the bursts outstanding
  std::vector<uint8_t> partial_;  // a burst of which some beats must not be written
};

}  // namespace zahl::sim
