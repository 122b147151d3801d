// Is a program free of races? Units run in parallel, each its own instructions in order; only waits
// order two units. A program is race-free when every two instructions of different units that touch
// a common byte, accumulator or DRAM byte, at least one of them writing, or that claim a common
// port, cannot be in flight together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isa/encoding.h"
#include "tests/support/footprint.h"

namespace zahl::test {

// What is known when an instruction starts: for each unit, how many of its instructions have ended.
using Ended = std::array<uint32_t, isa::kUnitCount>;

// Follows a program instruction by instruction and knows which earlier ones have ended when the
// next starts: those named by its waits, those known to its predecessor in the unit, those known to
// any instruction that has ended, and, as post holds one instruction at a time, its predecessor in
// post.
class OrderTracker {
 public:
  // What `unit`'s next instruction knows when it starts with these waits. Does not append.
  Ended known(isa::Unit unit, const std::array<uint32_t, isa::kUnitCount>& waits) const;
  void append(isa::Unit unit, const std::array<uint32_t, isa::kUnitCount>& waits);
  // Instructions of `unit` appended so far.
  uint32_t count(isa::Unit unit) const {
    return static_cast<uint32_t>(at_start_[static_cast<size_t>(unit)].size());
  }

 private:
  // For each unit and each of its instructions in order: what was known at its start.
  std::array<std::vector<Ended>, isa::kUnitCount> at_start_;
};

// True when the two must not be in flight together.
bool conflict(const Footprint& a, const isa::Common& a_claims, const Footprint& b,
              const isa::Common& b_claims);

struct Hazard {
  uint32_t first = 0, second = 0;  // positions in the program
  std::string text;
};

// The first pair that the waits leave unordered, or the first wait that names an instruction that
// is not earlier (then first == second).
std::optional<Hazard> find_hazard(const hw::Config& config,
                                  std::span<const isa::Instruction> program);

}  // namespace zahl::test
