// The fixed-point reciprocal of softmax.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/post/doubling_multiplier.h"

namespace zahl::sim::kernels {

// 1 / (1 + x) with 31 fraction bits. REQUIRES: x >= 0. Three Newton steps, as gemmlowp
// (fixedpoint.h) has them.
constexpr int32_t one_over_one_plus_x(int32_t x) {
  const auto saturating_shift = [](int32_t value, int bits) {
    return static_cast<int32_t>(std::clamp<int64_t>(int64_t{value} << bits, INT32_MIN, INT32_MAX));
  };
  constexpr int32_t kOne = 1 << 29, k48Over17 = 1515870810,
                    kMinus32Over17 = -1010580540;  // 29 fraction bits
  const auto half_denominator = static_cast<int32_t>((int64_t{x} + INT32_MAX + 1) / 2);
  int32_t estimate = k48Over17 + doubling_high_multiply(half_denominator, kMinus32Over17);
  for (int step = 0; step < 3; ++step) {
    const int32_t error = kOne - doubling_high_multiply(half_denominator, estimate);
    estimate += saturating_shift(doubling_high_multiply(estimate, error), 2);
  }
  return saturating_shift(estimate, 1);
}

}  // namespace zahl::sim::kernels
