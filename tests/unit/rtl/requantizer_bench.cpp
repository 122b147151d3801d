// Drives a Verilated zahl_requantizer, RTL or netlist, against the formulas of docs/arithmetic.md
// in exact 128-bit integers. ZAHL_VECTORS sets the number of random vectors for each rounding mode.
#include <gtest/gtest.h>
#include <verilated.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include "Vzahl_requantizer.h"

namespace {

using Wide = __int128;

enum Rounding { kTflDouble, kHalfUp, kHalfEven, kHalfAway };

struct Vector {
  int32_t accumulator = 0;
  int32_t bias = 0;
  bool wide = false;
  int64_t product = 0;
  uint32_t m0 = 0;
  uint32_t shift = 0;
  Rounding rounding = kHalfUp;
  int8_t zero_point = 0;
  int8_t low = -128;
  int8_t high = 127;
};

Wide floor_divide(Wide a, Wide b) { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }

Wide round_half_up(Wide value, uint32_t shift) {
  const Wide unit = Wide{1} << shift;
  return floor_divide(2 * value + unit, 2 * unit);
}

Wide round_half_even(Wide value, uint32_t shift) {
  const Wide unit = Wide{1} << shift;
  const Wide below = floor_divide(value, unit);
  const Wide twice_rest = 2 * (value - below * unit);
  if (twice_rest == unit) return below + (below % 2 != 0 ? 1 : 0);
  return below + (twice_rest > unit ? 1 : 0);
}

Wide round_half_away(Wide value, uint32_t shift) {
  return value < 0 ? -round_half_up(-value, shift) : round_half_up(value, shift);
}

int8_t expected(const Vector& v) {
  const auto sum =
      static_cast<int32_t>(static_cast<uint32_t>(v.accumulator) + static_cast<uint32_t>(v.bias));
  const Wide product = v.wide ? Wide{v.product} : Wide{sum} * v.m0;
  Wide y = 0;
  switch (v.rounding) {
    case kTflDouble:
      y = v.shift > 31 ? round_half_away(round_half_up(product, 31), v.shift - 31)
                       : round_half_up(product, v.shift);
      break;
    case kHalfUp:
      y = round_half_up(product, v.shift);
      break;
    case kHalfEven:
      y = round_half_even(product, v.shift);
      break;
    case kHalfAway:
      y = round_half_away(product, v.shift);
      break;
  }
  y += v.zero_point;
  return static_cast<int8_t>(y < v.low ? v.low : y > v.high ? v.high : y);
}

class Requantizer : public ::testing::Test {
 protected:
  int8_t run(const Vector& v) {
    device_.accumulator_i = static_cast<uint32_t>(v.accumulator);
    device_.bias_i = static_cast<uint32_t>(v.bias);
    device_.wide_i = v.wide;
    device_.product_i = static_cast<uint64_t>(v.product) & ((uint64_t{1} << 41) - 1);
    device_.m0_i = v.m0;
    device_.shift_i = static_cast<uint8_t>(v.shift);
    device_.rounding_i = static_cast<uint8_t>(v.rounding);
    device_.zero_point_i = static_cast<uint8_t>(v.zero_point);
    device_.low_i = static_cast<uint8_t>(v.low);
    device_.high_i = static_cast<uint8_t>(v.high);
    for (int stage = 0; stage < 3; ++stage) {
      device_.add_i = stage == 0;
      device_.multiply_i = stage == 1;
      device_.round_i = stage == 2;
      device_.clk_i = 0;
      device_.eval();
      device_.clk_i = 1;
      device_.eval();
    }
    return static_cast<int8_t>(device_.result_o);
  }

  void check(const Vector& v) {
    ASSERT_EQ(run(v), expected(v))
        << "accumulator " << v.accumulator << " bias " << v.bias << " wide " << v.wide
        << " product " << v.product << " m0 " << v.m0 << " shift " << v.shift << " rounding "
        << v.rounding << " zero " << int{v.zero_point} << " low " << int{v.low} << " high "
        << int{v.high};
  }

  Vzahl_requantizer device_;
};

int32_t any_int32(std::mt19937_64& random) { return static_cast<int32_t>(random()); }

// Half of the vectors have a result in the range of int8, where rounding shows; some of them are
// exact ties.
Vector random_vector(std::mt19937_64& random, Rounding rounding) {
  Vector v;
  v.rounding = rounding;
  v.shift = static_cast<uint32_t>(random() % 64);
  v.m0 = static_cast<uint32_t>(random() >> 33) >> (random() % 4 == 0 ? random() % 31 : 0);
  v.zero_point = static_cast<int8_t>(random());
  v.low = static_cast<int8_t>(random());
  v.high = static_cast<int8_t>(random());
  if (random() % 2 == 0 || v.low > v.high) v.low = -128, v.high = 127;
  v.accumulator = any_int32(random) >> (random() % 31);
  if (random() % 4 == 0) v.m0 = 1U << (random() % 31);
  if (random() % 2 == 0 && v.m0 != 0) {
    const Wide unit = Wide{1} << v.shift;
    const Wide goal = (Wide{static_cast<int64_t>(random() % 600) - 300} * unit +
                       (random() % 2 == 0 ? unit / 2 : 0)) /
                      v.m0;
    const Wide near = goal + static_cast<int64_t>(random() % 3) - 1;
    if (near >= INT32_MIN && near <= INT32_MAX) v.accumulator = static_cast<int32_t>(near);
  }
  v.bias = any_int32(random);
  v.accumulator =
      static_cast<int32_t>(static_cast<uint32_t>(v.accumulator) - static_cast<uint32_t>(v.bias));
  if (random() % 8 == 0) {
    v.wide = true;
    v.product = static_cast<int64_t>(random()) >> (24 + random() % 38);
  }
  return v;
}

uint64_t vector_count() {
  const char* text = std::getenv("ZAHL_VECTORS");
  return text != nullptr ? std::stoull(text) : 100000;
}

TEST_F(Requantizer, EqualsTheFormulaForCornersOfEveryFieldInEveryMode) {
  const std::array<int32_t, 12> sums = {
      INT32_MIN, INT32_MIN + 1, -0x40000000, -0x3fffffff, -3, -1, 0, 1,
      2,         0x3fffffff,    0x40000000,  INT32_MAX};
  const std::array<uint32_t, 7> multipliers = {0,          1,          2,         0x3fffffff,
                                               0x40000000, 0x7ffffffe, 0x7fffffff};
  Vector v;
  for (const Rounding rounding : {kTflDouble, kHalfUp, kHalfEven, kHalfAway}) {
    v.rounding = rounding;
    for (v.shift = 0; v.shift < 64; ++v.shift) {
      for (const uint32_t m0 : multipliers) {
        v.m0 = m0;
        for (const int32_t sum : sums) {
          v.accumulator = sum;
          for (const int zero : {-128, 0, 127}) {
            v.zero_point = static_cast<int8_t>(zero);
            check(v);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

TEST_F(Requantizer, EqualsTheFormulaForEverySmallProductAndShift) {
  Vector v;
  for (const Rounding rounding : {kTflDouble, kHalfUp, kHalfEven, kHalfAway}) {
    v.rounding = rounding;
    for (v.shift = 0; v.shift < 8; ++v.shift) {
      for (v.accumulator = -600; v.accumulator <= 600; ++v.accumulator) {
        for (const uint32_t m0 : {1U, 3U}) {
          v.m0 = m0;
          check(v);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The same around the ties of both roundings of tfl_double, for each shift beyond the doubling high
// multiply.
TEST_F(Requantizer, EqualsTheFormulaAroundEveryTieOfALongShift) {
  Vector v;
  for (const Rounding rounding : {kTflDouble, kHalfUp, kHalfEven, kHalfAway}) {
    v.rounding = rounding;
    v.m0 = 1U << 30;
    for (v.shift = 31; v.shift < 60; ++v.shift) {
      const int64_t half = int64_t{1} << (v.shift - 31);
      for (int64_t k = -9; k <= 9; ++k) {
        for (int64_t step = -3; step <= 3; ++step) {
          const int64_t sum = k * half + step;
          if (sum < INT32_MIN || sum > INT32_MAX) continue;
          v.accumulator = static_cast<int32_t>(sum);
          check(v);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_F(Requantizer, RoundsTheWorkedExamplesOfTheArithmeticPage) {
  Vector v;
  const auto rounded = [&](Rounding rounding, int32_t accumulator, uint32_t m0, uint32_t shift) {
    v.rounding = rounding;
    v.accumulator = accumulator;
    v.m0 = m0;
    v.shift = shift;
    return int{run(v)};
  };
  EXPECT_EQ(rounded(kHalfUp, -3, 1U << 30, 31), -1);       // -1.5
  EXPECT_EQ(rounded(kHalfEven, -3, 1U << 30, 31), -2);     // -1.5
  EXPECT_EQ(rounded(kHalfEven, -5, 1U << 30, 31), -2);     // -2.5
  EXPECT_EQ(rounded(kHalfAway, -5, 1U << 30, 31), -3);     // -2.5
  EXPECT_EQ(rounded(kTflDouble, -28, 429496730, 33), -2);  // -1.4: -5.6 to -6, then -1.5 to -2
  EXPECT_EQ(rounded(kHalfUp, -28, 429496730, 33), -1);
  EXPECT_EQ(rounded(kTflDouble, -3, 1U << 30, 31), -1);  // -1.5, rounded once
}

TEST_F(Requantizer, SaturatesMinus129ToMinus128) {
  Vector v;
  v.accumulator = -129;
  v.m0 = 1;
  EXPECT_EQ(run(v), -128);
  v.zero_point = 1;
  EXPECT_EQ(run(v), -128);
  v.zero_point = 2;
  EXPECT_EQ(run(v), -127);
}

class RequantizerRandom : public Requantizer, public ::testing::WithParamInterface<int> {};

TEST_P(RequantizerRandom, EqualsTheFormula) {
  std::mt19937_64 random(20 + static_cast<uint64_t>(GetParam()));
  for (uint64_t i = 0; i < vector_count(); ++i) {
    check(random_vector(random, static_cast<Rounding>(GetParam())));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, RequantizerRandom, ::testing::Values(0, 1, 2, 3));

}  // namespace
