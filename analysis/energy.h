// What a program's events would cost in energy, by a table of assumptions (analysis/energy.toml).
#pragma once

#include <cstdint>
#include <string>

#include "contract/program.h"

namespace zahl::analysis {

// Picojoules.
struct EnergyTable {
  double multiply_accumulate = 0, scratchpad_byte = 0, accumulator_byte = 0, dram_byte = 0;
};

// The built-in table for an empty path. Throws UserError.
EnergyTable load_energy_table(const std::string& path);

// How often each event of the table happens when the program runs. It depends on the instructions
// alone.
struct Events {
  int64_t multiply_accumulates = 0;  // multipliers in cycles in which the array streams
  int64_t scratchpad_bytes = 0, accumulator_bytes = 0, dram_bytes = 0;
};
Events events_of(const Program& program);

struct Energy {
  double multiply_accumulate = 0, scratchpad = 0, accumulators = 0, dram = 0;  // picojoules
  double total() const { return multiply_accumulate + scratchpad + accumulators + dram; }
};
Energy energy_of(const Events& events, const EnergyTable& table);

}  // namespace zahl::analysis
