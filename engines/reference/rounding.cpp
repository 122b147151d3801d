#include "engines/reference/rounding.h"

#include <limits>

namespace zahl::reference {
namespace {

constexpr int32_t kLargest = std::numeric_limits<int32_t>::max();
constexpr int32_t kSmallest = std::numeric_limits<int32_t>::min();

Wide power_of_two(int exponent) { return Wide{1} << exponent; }

// The largest integer not above numerator / denominator.
Wide floor_divide(Wide numerator, Wide denominator) {
  const Wide quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

int32_t saturating_shift_left(int32_t x, int exponent) {
  const Wide shifted = x * power_of_two(exponent);
  if (shifted > kLargest) return kLargest;
  if (shifted < kSmallest) return kSmallest;
  return static_cast<int32_t>(shifted);
}

}  // namespace

Wide round_once(isa::Rounding mode, Wide product, int shift) {
  if (shift <= 0) return product * power_of_two(-shift);
  const Wide unit = power_of_two(shift);
  const Wide below = floor_divide(product, unit);
  const Wide twice_rest = 2 * (product - below * unit);
  if (twice_rest < unit) return below;
  if (twice_rest > unit) return below + 1;
  switch (mode) {
    case isa::Rounding::HalfEven:
      return below % 2 == 0 ? below : below + 1;
    case isa::Rounding::HalfAway:
      return product < 0 ? below : below + 1;
    default:
      return below + 1;
  }
}

int32_t doubling_high_multiply(int32_t a, int32_t b) {
  if (a == kSmallest && b == kSmallest) return kLargest;
  return static_cast<int32_t>(round_once(isa::Rounding::HalfUp, Wide{a} * b, 31));
}

int32_t divide_by_power_of_two(int32_t x, int exponent) {
  return static_cast<int32_t>(round_once(isa::Rounding::HalfAway, x, exponent));
}

Wide scale_and_round(isa::Rounding mode, int32_t value, int64_t m0, int shift) {
  if (mode != isa::Rounding::TflDouble) return round_once(mode, Wide{value} * m0, shift);
  if (shift < 31) return round_once(isa::Rounding::HalfUp, Wide{value} * m0, shift);
  return divide_by_power_of_two(doubling_high_multiply(value, static_cast<int32_t>(m0)),
                                shift - 31);
}

int32_t one_over_one_plus_x(int32_t x) {
  // Half the denominator with 31 fraction bits, ties away from zero; the estimate and its
  // corrections with 29.
  const int32_t half_denominator =
      static_cast<int32_t>(round_once(isa::Rounding::HalfAway, Wide{x} + kLargest, 1));
  constexpr int32_t kOne = 1 << 29;
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  int32_t estimate = k48Over17 + doubling_high_multiply(half_denominator, kMinus32Over17);
  for (int step = 0; step < 3; ++step) {
    const int32_t error = kOne - doubling_high_multiply(half_denominator, estimate);
    estimate += saturating_shift_left(doubling_high_multiply(estimate, error), 2);
  }
  return saturating_shift_left(estimate, 1);
}

int8_t clamp_to_byte(Wide value, int low, int high) {
  if (value < low) return static_cast<int8_t>(low);
  if (value > high) return static_cast<int8_t>(high);
  return static_cast<int8_t>(value);
}

}  // namespace zahl::reference
