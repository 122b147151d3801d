// The post unit: requantization, element-wise operations, tables and softmax (docs/machine.md,
// section 8).
#pragma once

#include "sim/core/unit.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

class Post : public Unit {
 public:
  Post(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
       mem::Storage& storage);

 private:
  void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) override;

  mem::Storage& storage_;
};

}  // namespace zahl::sim
