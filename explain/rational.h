// Exact numbers for explanations and certificates. A float32 is a dyadic rational, so every scale
// of a model, every product and quotient of scales, and every M0 * 2^-n is a rational number;
// nothing here rounds before it is printed.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>

namespace zahl::explain {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

// The number that the bits of `value` stand for. REQUIRES: finite.
Rational exact(double value);

// m0 * 2^-shift.
Rational fixed_point(uint32_t m0, int shift);

// (approximation - truth) / truth. REQUIRES: truth is not zero.
Rational relative_error(const Rational& approximation, const Rational& truth);

// 2^exponent.
Rational power_of_two(int exponent);

// floor(x), and x rounded to an integer with ties to even, away from zero, or upward.
enum class Ties { Even, Away, Up };
Integer floor_of(const Rational& x);
Integer rounded(const Rational& x, Ties ties);

// "num/den" in lowest terms, "num" where the denominator is 1.
std::string fraction(const Rational& x);

// `digits` significant decimal digits, correctly rounded (ties away from zero), with an exponent
// where it is shorter: "0.00390625", "-1.25e-11".
std::string decimal(const Rational& x, int digits);

// The number of bits to which |x| is small: the largest k with |x| <= 2^-k. For x = 0, 9999.
int bits_below_one(const Rational& x);

}  // namespace zahl::explain
