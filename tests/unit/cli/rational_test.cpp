// Exact numbers: every expected value is written out by hand.
#include "explain/rational.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zahl::cli {
namespace {

TEST(Rational, AFloatIsTheDyadicNumberThatItsBitsSay) {
  EXPECT_EQ(explain::fraction(explain::exact(0.5)), "1/2");
  EXPECT_EQ(explain::fraction(explain::exact(-3.0)), "-3");
  EXPECT_EQ(explain::fraction(explain::exact(static_cast<double>(0.1f))), "13421773/134217728");
  EXPECT_EQ(explain::exact(std::ldexp(1.0, -149)), explain::power_of_two(-149));
  EXPECT_EQ(explain::exact(1e300), explain::Rational(explain::Integer(1e300)));
  EXPECT_THROW(explain::exact(INFINITY), std::invalid_argument);
  EXPECT_THROW(explain::exact(NAN), std::invalid_argument);
}

TEST(Rational, OneThirdIsNotWhatItsFixedPointIs) {
  const explain::Rational third(1, 3);
  const explain::Rational close = explain::fixed_point(1431655765, 32);  // (2^32 - 1) / 3
  EXPECT_EQ(explain::fraction(explain::relative_error(close, third)), "-1/4294967296");
  EXPECT_EQ(explain::bits_below_one(explain::relative_error(close, third)), 32);
  EXPECT_EQ(explain::relative_error(explain::fixed_point(1u << 30, 31), explain::Rational(1, 2)),
            0);
}

TEST(Rational, RoundsTiesByTheirRule) {
  const explain::Rational a(-3, 2), b(-5, 2), c(5, 2);
  EXPECT_EQ(explain::rounded(a, explain::Ties::Even), -2);
  EXPECT_EQ(explain::rounded(a, explain::Ties::Up), -1);
  EXPECT_EQ(explain::rounded(a, explain::Ties::Away), -2);
  EXPECT_EQ(explain::rounded(b, explain::Ties::Even), -2);
  EXPECT_EQ(explain::rounded(b, explain::Ties::Away), -3);
  EXPECT_EQ(explain::rounded(c, explain::Ties::Even), 2);
  EXPECT_EQ(explain::rounded(c, explain::Ties::Away), 3);
  EXPECT_EQ(explain::rounded(explain::Rational(-7, 3), explain::Ties::Even), -2);
  EXPECT_EQ(explain::floor_of(explain::Rational(-7, 3)), -3);
  EXPECT_EQ(explain::floor_of(explain::Rational(-6, 3)), -2);
}

TEST(Rational, PrintsSignificantDigits) {
  EXPECT_EQ(explain::decimal(explain::Rational(1, 3), 5), "0.33333");
  EXPECT_EQ(explain::decimal(explain::Rational(2, 3), 5), "0.66667");
  EXPECT_EQ(explain::decimal(explain::Rational(-1, 256), 9), "-0.00390625");
  EXPECT_EQ(explain::decimal(explain::Rational(1, 80000000000LL), 3), "1.25e-11");
  EXPECT_EQ(explain::decimal(explain::Rational(99999), 3), "1e+05");
  EXPECT_EQ(explain::decimal(explain::Rational(12345), 5), "12345");
  EXPECT_EQ(explain::decimal(explain::Rational(999999, 1000), 4), "1000");
  EXPECT_EQ(explain::decimal(explain::Rational(100), 3), "100");
  EXPECT_EQ(explain::decimal(explain::Rational(0), 3), "0");
}

TEST(Rational, CountsTheBitsOfAnError) {
  EXPECT_EQ(explain::bits_below_one(explain::Rational(1, 8)), 3);
  EXPECT_EQ(explain::bits_below_one(explain::Rational(-1, 7)), 2);
  EXPECT_EQ(explain::bits_below_one(explain::Rational(3)), -2);
  EXPECT_EQ(explain::bits_below_one(explain::Rational(0)), 9999);
}

}  // namespace
}  // namespace zahl::cli
