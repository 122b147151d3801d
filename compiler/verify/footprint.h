// What an instruction touches, from its fields alone (docs/machine.md, sections 6 to 8).
#pragma once

#include <cstdint>
#include <vector>

#include "zahl/isa.h"

namespace zahl::verify {

enum class Store : uint8_t { Scratchpad, Accumulator, Dram };

// Rows of `bytes` bytes, `step` apart, `count` of them, from `begin` on: enough to tell exact overlap of strided
// copies.
struct Touched {
  Store store = Store::Scratchpad;
  bool is_write = false;
  int64_t begin = 0, end = 0;  // hull
};

std::vector<Touched> footprint(const isa::Instruction& instruction, const hw::Config& config);

}  // namespace zahl::verify
