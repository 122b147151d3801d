// How a memory on the chip is cut into banks, and the check that an access stays inside the banks
// that its instruction claims (docs/machine.md, section 2).
#pragma once

#include <cstdint>

namespace zahl::sim {

struct Banks {
  int64_t size = 0;       // of the memory, in bytes or vectors
  int64_t bank_size = 1;  // likewise

  // The banks that hold [first, first + count), as a mask. REQUIRES: inside the memory.
  uint64_t of(int64_t first, int64_t count) const {
    const int64_t low = first / bank_size, high = (first + count - 1) / bank_size;
    return ((uint64_t{2} << high) - 1) & ~((uint64_t{1} << low) - 1);
  }
  // Whether all of [first, first + count) lies in the memory and in `claimed`.
  bool allow(int64_t first, int64_t count, uint32_t claimed) const {
    if (first < 0 || first + count > size) return false;
    return (of(first, count) & ~uint64_t{claimed}) == 0;
  }
};

}  // namespace zahl::sim
