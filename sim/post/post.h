// The post unit: requantization, element-wise operations, tables and softmax (docs/machine.md,
// section 8).
#pragma once

#include "sim/core/unit.h"
#include "sim/mem/storage.h"
#include "sim/post/execute.h"

namespace zahl::sim {

class Post : public Unit {
 public:
  Post(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours, Storage& storage);

  // Reset of the machine; a program that starts finds the tables as the one before left them.
  void clear_tables() { tables_ = {}; }

 private:
  void start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) override;

  Storage& storage_;
  Tables tables_{};
};

}  // namespace zahl::sim
