// Requantization, one value at a time: round(product * 2^-shift) in each rounding mode. The
// reference for every vector kernel.
//
// Worked: product = -5, shift = 1 (-2.5): tfl_double and half_up give -2, half_even -2, half_away
// -3.
#pragma once

#include <algorithm>
#include <cstdint>

#include "generated/isa.h"

namespace zahl::sim::kernels {

// One rounding. REQUIRES: |product| < 2^62; 0 <= shift <= 63.
constexpr int64_t round_once(isa::Rounding mode, int64_t product, int shift) {
  if (shift == 0) return product;
  const int64_t half = int64_t{1} << (shift - 1);
  switch (mode) {
    case isa::Rounding::HalfEven:
      return (product + half - 1 + (product >> shift & 1)) >> shift;
    case isa::Rounding::HalfAway:
      return (product + half - (product < 0 ? 1 : 0)) >> shift;
    default:
      return (product + half) >> shift;
  }
}

// value * m0 * 2^-shift is `product * 2^-shift`. tfl_double rounds up to 31 bits half up (the
// doubling high multiply), the rest half away from zero.
constexpr int64_t round_product(isa::Rounding mode, int64_t product, int shift) {
  if (mode != isa::Rounding::TflDouble) return round_once(mode, product, shift);
  const int64_t high = round_once(isa::Rounding::HalfUp, product, std::min(shift, 31));
  return round_once(isa::Rounding::HalfAway, high, std::max(shift - 31, 0));
}

constexpr int8_t clamp(int64_t value, int low, int high) {
  return static_cast<int8_t>(std::clamp<int64_t>(value, low, high));
}

constexpr int32_t wrapping_add(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

}  // namespace zahl::sim::kernels
