// The rounding modes on ties, signs and saturation (docs/arithmetic.md), and agreement with wide
// arithmetic.
#include "sim/post/rounding.h"

#include <gtest/gtest.h>

#include "sim/post/reciprocal.h"

namespace zahl::sim::kernels {
namespace {

using isa::Rounding;

TEST(RoundOnce, BreaksTheTieMinusTwoAndAHalfByItsMode) {
  EXPECT_EQ(round_once(Rounding::HalfUp, -5, 1), -2);
  EXPECT_EQ(round_once(Rounding::HalfEven, -5, 1), -2);
  EXPECT_EQ(round_once(Rounding::HalfAway, -5, 1), -3);
  EXPECT_EQ(round_product(Rounding::TflDouble, -5, 1), -2);
}

TEST(RoundOnce, BreaksTheTieThreeAndAHalfByItsMode) {
  EXPECT_EQ(round_once(Rounding::HalfUp, 7, 1), 4);
  EXPECT_EQ(round_once(Rounding::HalfEven, 7, 1), 4);
  EXPECT_EQ(round_once(Rounding::HalfEven, 5, 1), 2);
  EXPECT_EQ(round_once(Rounding::HalfAway, 7, 1), 4);
}

TEST(RoundOnce, IsTheNearestIntegerForAllSmallProducts) {
  for (Rounding mode : {Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfAway}) {
    for (int shift = 0; shift <= 6; ++shift) {
      for (int64_t product = -300; product <= 300; ++product) {
        const int64_t unit = int64_t{1} << shift;
        const int64_t error = 2 * (round_once(mode, product, shift) * unit - product);
        EXPECT_LE(std::abs(error), unit) << product << " >> " << shift;
      }
    }
  }
}

TEST(RoundOnce, TakesTheLargestProductAndShift) {
  const int64_t product = int64_t{INT32_MIN} * 0x7fffffff;
  EXPECT_EQ(round_once(Rounding::HalfAway, product, 63), 0);
  EXPECT_EQ(round_once(Rounding::HalfUp, product, 62), -1);
  EXPECT_EQ(round_once(Rounding::HalfEven, product, 0), product);
}

TEST(TflDouble, RoundsTwiceBeyond31Bits) {
  // 1.5 * 2^31 at shift 32: first to 2 (half up), then 1; a single rounding of 0.75 also gives 1.
  // 0.5 * 2^31 - 1 gives 0, then 0.
  EXPECT_EQ(round_product(Rounding::TflDouble, int64_t{3} << 30, 32), 1);
  // 0.5 * 2^31: first 1, then 0.5 away from zero: 1, where a single rounding of 0.25 gives 0.
  EXPECT_EQ(round_product(Rounding::TflDouble, int64_t{1} << 30, 32), 1);
  EXPECT_EQ(round_product(Rounding::HalfUp, int64_t{1} << 30, 32), 0);
  // -1.5 * 2^31: first -1 (half up), then -0.5 away from zero: -1.
  EXPECT_EQ(round_product(Rounding::TflDouble, -(int64_t{3} << 30), 32), -1);
}

TEST(Clamp, SaturatesMinus129ToMinus128) { EXPECT_EQ(clamp(-129, -128, 127), -128); }

TEST(Reciprocal, OfOneIsOneAndOfTwoIsAHalf) {
  EXPECT_GE(one_over_one_plus_x(0), INT32_MAX - 16);
  EXPECT_NEAR(one_over_one_plus_x(INT32_MAX), 1 << 30, 16);
}

}  // namespace
}  // namespace zahl::sim::kernels
