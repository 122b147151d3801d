// Clock cycles of the machine and the steps in which one cycle is simulated.
//
// A decision in cycle t sees the registers as they stand at the start of t. So every cycle is run
// in four steps, each a time point of its own, and the order of processes within one step can never
// matter.
#pragma once

#include <cstdint>

namespace zahl::sim {

using Cycle = int64_t;
inline constexpr Cycle kNever = INT64_MAX / 8;

enum class Step : uint8_t {
  Publish = 0,      // what was decided before becomes visible: ends and their tokens
  Decide = 1,       // instructions start, dispatch takes one, fetch asks
  LoadAddress = 2,  // load asks, if fetch did not
  Arrive = 3,  // write bursts reach the memory (after the reads of the cycle); the machine finishes
};
inline constexpr int kSteps = 4;

}  // namespace zahl::sim
