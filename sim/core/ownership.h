// Finds two units that hold the same read port, write port or accumulator bank (docs/machine.md,
// section 2).
//
// The blame goes to the higher-numbered unit of the first pair in the order (load,store),
// (load,array), (load,post), (store,array), (store,post), (array,post).
#pragma once

#include "sim/core/unit.h"

namespace zahl::sim {

// The unit to blame, by the claims that registers show in cycle t; null: all is in order.
inline const Unit* breaks_ownership(const Neighbours& neighbours, Cycle t) {
  for (size_t low = 0; low < isa::kUnitCount; ++low) {
    for (size_t high = low + 1; high < isa::kUnitCount; ++high) {
      const Unit* const blamed = neighbours.units[high];
      if (neighbours.units[low]->in_flight().held_at(t).conflicts(blamed->in_flight().held_at(t)))
        return blamed;
    }
  }
  return nullptr;
}

}  // namespace zahl::sim
