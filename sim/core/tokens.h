// How many instructions have been dispatched and how many of each unit have ended since the start
// of the program: the tokens that waits name.
#pragma once

#include <array>
#include <cstdint>

#include "isa/encoding.h"
#include "sim/base/cycle.h"

namespace zahl::sim {

struct Tokens {
  std::array<uint32_t, isa::kUnitCount> done{};  // instructions ended, as visible now
  uint32_t ended = 0;                            // their sum
  uint32_t dispatched = 0;
  Cycle last_dispatch = -1;

  // Whether a wait for tokens of `unit` is met.
  bool suffice(const isa::Common& common, size_t unit) const {
    return done[unit] >= common.wait[unit];
  }
  void end(isa::Unit unit) {
    ++done[static_cast<size_t>(unit)];
    ++ended;
  }
};

}  // namespace zahl::sim
