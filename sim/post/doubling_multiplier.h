// The product of two fractions of 31 bits, as softmax multiplies them.
#pragma once

#include <cstdint>

namespace zahl::sim::kernels {

// round(a * b * 2^-31), half up, saturating.
constexpr int32_t doubling_high_multiply(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

}  // namespace zahl::sim::kernels
