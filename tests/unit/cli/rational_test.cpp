// Exact numbers: every expected value is written out by hand.
#include "cli/explain/rational.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zahl::cli {
namespace {

TEST(Rational, AFloatIsTheDyadicNumberThatItsBitsSay) {
  EXPECT_EQ(fraction(exact(0.5)), "1/2");
  EXPECT_EQ(fraction(exact(-3.0)), "-3");
  EXPECT_EQ(fraction(exact(static_cast<double>(0.1f))), "13421773/134217728");
  EXPECT_EQ(exact(std::ldexp(1.0, -149)), power_of_two(-149));
  EXPECT_EQ(exact(1e300), Rational(Integer(1e300)));
  EXPECT_THROW(exact(INFINITY), std::invalid_argument);
  EXPECT_THROW(exact(NAN), std::invalid_argument);
}

TEST(Rational, OneThirdIsNotWhatItsFixedPointIs) {
  const Rational third(1, 3);
  const Rational close = fixed_point(1431655765, 32);  // (2^32 - 1) / 3
  EXPECT_EQ(fraction(relative_error(close, third)), "-1/4294967296");
  EXPECT_EQ(bits_below_one(relative_error(close, third)), 32);
  EXPECT_EQ(relative_error(fixed_point(1u << 30, 31), Rational(1, 2)), 0);
}

TEST(Rational, RoundsTiesByTheirRule) {
  const Rational a(-3, 2), b(-5, 2), c(5, 2);
  EXPECT_EQ(rounded(a, Ties::Even), -2);
  EXPECT_EQ(rounded(a, Ties::Up), -1);
  EXPECT_EQ(rounded(a, Ties::Away), -2);
  EXPECT_EQ(rounded(b, Ties::Even), -2);
  EXPECT_EQ(rounded(b, Ties::Away), -3);
  EXPECT_EQ(rounded(c, Ties::Even), 2);
  EXPECT_EQ(rounded(c, Ties::Away), 3);
  EXPECT_EQ(rounded(Rational(-7, 3), Ties::Even), -2);
  EXPECT_EQ(floor_of(Rational(-7, 3)), -3);
  EXPECT_EQ(floor_of(Rational(-6, 3)), -2);
}

TEST(Rational, PrintsSignificantDigits) {
  EXPECT_EQ(decimal(Rational(1, 3), 5), "0.33333");
  EXPECT_EQ(decimal(Rational(2, 3), 5), "0.66667");
  EXPECT_EQ(decimal(Rational(-1, 256), 9), "-0.00390625");
  EXPECT_EQ(decimal(Rational(1, 80000000000LL), 3), "1.25e-11");
  EXPECT_EQ(decimal(Rational(99999), 3), "1e+05");
  EXPECT_EQ(decimal(Rational(12345), 5), "12345");
  EXPECT_EQ(decimal(Rational(999999, 1000), 4), "1000");
  EXPECT_EQ(decimal(Rational(100), 3), "100");
  EXPECT_EQ(decimal(Rational(0), 3), "0");
}

TEST(Rational, CountsTheBitsOfAnError) {
  EXPECT_EQ(bits_below_one(Rational(1, 8)), 3);
  EXPECT_EQ(bits_below_one(Rational(-1, 7)), 2);
  EXPECT_EQ(bits_below_one(Rational(3)), -2);
  EXPECT_EQ(bits_below_one(Rational(0)), 9999);
}

}  // namespace
}  // namespace zahl::cli
