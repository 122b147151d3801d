// The array unit: convolutions and window operations into the accumulators (docs/machine.md,
// section 7).
//
// The next instruction may start, and load its weights, while the one before streams its last tile.
#pragma once

#include "sim/array/conv.h"
#include "sim/array/depthwise.h"
#include "sim/core/unit.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

class Array : public Unit {
 public:
  Array(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
        Storage& storage);
  void reset() override;

 private:
  void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) override;

  Storage& storage_;
  Conv conv_;
  Depthwise depthwise_;
  Cycle streamed_ = 0;  // the cycle after the last streamed vector of the instruction before
};

}  // namespace zahl::sim
