// Gives the instructions of a program, in their order, the fewest waits that leave no race.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/hazard_check.h"

namespace zahl::test {

// Incremental form: append gives the instruction its waits (those it has are kept where they are
// larger) and remembers it. REQUIRES: claims are final.
class WaitAssigner {
 public:
  explicit WaitAssigner(const hw::Config& config) : config_(config) {}
  void append(isa::Instruction& instruction, Footprint footprint);
  uint32_t count(isa::Unit unit) const { return order_.count(unit); }

 private:
  struct Earlier {
    isa::Unit unit;
    uint32_t ordinal;
    isa::Common claims;
    Footprint footprint;
  };
  hw::Config config_;
  OrderTracker order_;
  std::vector<Earlier> earlier_;
};

// What a program may rely on: bytes and accumulators that an earlier instruction has written,
// places of the line memory that it has passed, tables that have been set.
class DefinedState {
 public:
  // Empty, or why the instruction reads something that nothing has written.
  std::string undefined_read(const isa::Instruction& instruction, const Footprint& footprint) const;
  void append(const isa::Instruction& instruction, const Footprint& footprint);
  const IntervalSet& scratchpad() const { return scratchpad_; }
  const IntervalSet& accumulators() const { return accumulators_; }
  bool is_table_set(uint32_t slot) const { return is_table_set_[slot]; }
  // Places of the line memory that hold two rows.
  const std::vector<bool>& places() const { return places_; }

 private:
  IntervalSet scratchpad_, accumulators_;
  std::array<bool, 2> is_table_set_{};
  std::vector<bool> places_ = std::vector<bool>(1 << 14);  // more than fields can name
};

// New waits for a whole program, claims kept. Nothing when an instruction reads what none has
// written.
std::optional<std::vector<isa::Instruction>> with_minimal_waits(
    const hw::Config& config, std::vector<isa::Instruction> program);

}  // namespace zahl::test
