// The scheduler's output before it becomes a program: instructions with all that they touch,
// grouped in steps.
//
// A step's loads bring in what its body needs. The emitter may move the loads of a step ahead of
// the bodies of earlier steps (that is how the next weights arrive while the present ones are in
// use); tokens and claims follow from the accesses.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/ids.h"
#include "generated/isa.h"

namespace zahl::lower {

enum class Space : uint8_t { Scratchpad, Accumulator, Dram };

// Bytes (vectors for the accumulators) begin .. end - 1, all of them or some: a hull.
struct Access {
  Space space = Space::Scratchpad;
  bool is_write = false;
  int64_t begin = 0, end = 0;

  bool overlaps(const Access& other) const {
    return space == other.space && begin < other.end && other.begin < end;
  }
};

struct Planned {
  isa::Instruction instruction;
  std::vector<Access> accesses;
  ir::NodeId layer;
};

struct Step {
  std::vector<Planned> loads;
  std::vector<Planned> body;
};

inline Access reads(int64_t begin, int64_t bytes) {
  return {Space::Scratchpad, false, begin, begin + bytes};
}
inline Access writes(int64_t begin, int64_t bytes) {
  return {Space::Scratchpad, true, begin, begin + bytes};
}
inline Access reads_accumulators(int64_t begin, int64_t n) {
  return {Space::Accumulator, false, begin, begin + n};
}
inline Access writes_accumulators(int64_t begin, int64_t n) {
  return {Space::Accumulator, true, begin, begin + n};
}
inline Access reads_dram(int64_t begin, int64_t bytes) {
  return {Space::Dram, false, begin, begin + bytes};
}
inline Access writes_dram(int64_t begin, int64_t bytes) {
  return {Space::Dram, true, begin, begin + bytes};
}

}  // namespace zahl::lower
