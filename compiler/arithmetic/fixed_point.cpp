#include "compiler/arithmetic/fixed_point.h"

#include <algorithm>
#include <limits>

namespace zahl::arithmetic {
namespace {

constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
constexpr int32_t kMax = std::numeric_limits<int32_t>::max();

// gemmlowp adds raw numbers without saturation; its hardware wraps.
int32_t wrapping_add(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
int32_t wrapping_sub(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}

// Taylor expansion of exp around -1/8, for a in [-1/4, 0) in Q0.
int32_t exp_near_minus_one_eighth(int32_t a) {
  constexpr int32_t kExpMinusOneEighth = 1895147668;
  constexpr int32_t kOneThird = 715827883;
  const int32_t x = wrapping_add(a, 1 << 28);
  const int32_t x2 = doubling_high_multiply(x, x);
  const int32_t x3 = doubling_high_multiply(x2, x);
  const int32_t x4 = doubling_high_multiply(x2, x2);
  const int32_t cubic =
      doubling_high_multiply(wrapping_add(rounding_divide_by_power(x4, 2), x3), kOneThird);
  const int32_t tail = rounding_divide_by_power(wrapping_add(cubic, x2), 1);
  return wrapping_add(kExpMinusOneEighth,
                      doubling_high_multiply(kExpMinusOneEighth, wrapping_add(x, tail)));
}

// Newton-Raphson for 1 / d with d = (1 + a) / 2 in [1/2, 1): three steps from 48/17 - 32/17 d, all
// in Q2.
int32_t reciprocal_of_half_one_plus(int32_t a) {
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  constexpr int32_t kOneInQ2 = 1 << 29;
  const auto half_denominator = static_cast<int32_t>((int64_t{a} + kMax + 1) / 2);
  int32_t x = wrapping_add(k48Over17, doubling_high_multiply(half_denominator, kMinus32Over17));
  for (int step = 0; step < 3; ++step) {
    const int32_t error = wrapping_sub(kOneInQ2, doubling_high_multiply(half_denominator, x));
    x = wrapping_add(x, saturating_multiply_by_power(doubling_high_multiply(x, error), 2));
  }
  return x;
}

}  // namespace

int32_t doubling_high_multiply(int32_t a, int32_t b) {
  if (a == kMin && b == kMin) return kMax;
  const int64_t product = int64_t{a} * b;
  const int64_t nudge = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

int32_t rounding_divide_by_power(int32_t x, int exponent) {
  const int64_t mask = (int64_t{1} << exponent) - 1;
  const int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<int32_t>((int64_t{x} >> exponent) + ((x & mask) > threshold ? 1 : 0));
}

int32_t saturating_multiply_by_power(int32_t x, int exponent) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(int64_t{x} * (int64_t{1} << exponent), kMin, kMax));
}

int32_t exp_on_negative_values(int32_t x, int integer_bits) {
  if (x == 0) return kMax;
  // exp(-2^k) in Q0 for k = -2 .. 4.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                  39332535,   720401,     242};
  const int fraction_bits = 31 - integer_bits;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t below_quarter = (x & (quarter - 1)) - quarter;
  int32_t result =
      exp_near_minus_one_eighth(saturating_multiply_by_power(below_quarter, integer_bits));
  const int32_t remainder = wrapping_sub(below_quarter, x);
  for (int k = -2; k < integer_bits; ++k) {
    if (remainder & (1 << (fraction_bits + k)))
      result = doubling_high_multiply(result, kFactors[k + 2]);
  }
  return result;
}

int32_t one_over_one_plus(int32_t x) {
  return saturating_multiply_by_power(reciprocal_of_half_one_plus(x), 1);
}

int32_t one_minus_over_one_plus(int32_t x) {
  return saturating_multiply_by_power(wrapping_sub(reciprocal_of_half_one_plus(x), 1 << 29), 2);
}

int32_t logistic_q4(int32_t x) {
  if (x == 0) return 1 << 30;
  const int32_t positive =
      one_over_one_plus(exp_on_negative_values(x > 0 ? wrapping_sub(0, x) : x, 4));
  return x > 0 ? positive : wrapping_sub(kMax, positive);
}

int32_t tanh_q4(int32_t x) {
  if (x == 0) return 0;
  // exp(-2 |x|): the same raw number read with one more integer bit.
  const int32_t magnitude =
      one_minus_over_one_plus(exp_on_negative_values(x < 0 ? x : wrapping_sub(0, x), 5));
  return x < 0 ? wrapping_sub(0, magnitude) : magnitude;
}

}  // namespace zahl::arithmetic
