// What an instruction touches, from its fields alone (docs/machine.md, sections 6 to 8).
#pragma once

#include <cstdint>
#include <vector>

#include "generated/isa.h"

namespace zahl::check {

enum class Store : uint8_t { Scratchpad, Accumulator, Dram };

// A hull: some or all of the bytes (vectors, for the accumulators) from `begin` to `end` - 1.
struct Touched {
  Store store = Store::Scratchpad;
  bool is_write = false;
  int64_t begin = 0, end = 0;
};

std::vector<Touched> footprint(const isa::Instruction& instruction, const hw::Config& config);

}  // namespace zahl::check
