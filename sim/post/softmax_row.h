// One row of softmax (docs/arithmetic.md).
#pragma once

#include <cstdint>

namespace zahl::sim::kernels {

// `exponentials` has 256 entries.
struct SoftmaxJob {
  const int8_t* source = nullptr;
  int8_t* result = nullptr;
  int count = 0;
  const uint8_t* exponentials = nullptr;  // little-endian words
  uint32_t m0 = 0;
  int shift = 0, zero_point = 0;
};

void softmax(const SoftmaxJob& job);

}  // namespace zahl::sim::kernels
