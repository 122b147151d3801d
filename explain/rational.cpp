#include "explain/rational.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace zahl::explain {
namespace {

namespace mp = boost::multiprecision;

Integer power(int base, int exponent) {
  return mp::pow(Integer(base), static_cast<unsigned>(exponent));
}

Rational magnitude(const Rational& x) { return x < 0 ? Rational(-x) : x; }

// |x| * 10^places rounded to an integer, ties away from zero.
Integer shifted(const Rational& x, int places) {
  const Rational scaled =
      places >= 0 ? Rational(x * power(10, places)) : Rational(x / power(10, -places));
  return rounded(scaled, Ties::Away);
}

}  // namespace

Rational exact(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("not a finite number");
  int exponent = 0;
  const auto significand = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  return Rational(significand) * power_of_two(exponent - 53);
}

Rational fixed_point(uint32_t m0, int shift) { return Rational(m0) * power_of_two(-shift); }

Rational relative_error(const Rational& approximation, const Rational& truth) {
  return (approximation - truth) / truth;
}

Rational power_of_two(int exponent) {
  return exponent >= 0 ? Rational(power(2, exponent)) : Rational(Integer(1), power(2, -exponent));
}

Integer floor_of(const Rational& x) {
  const Integer n = mp::numerator(x), d = mp::denominator(x);
  Integer quotient = n / d;
  if (n < 0 && quotient * d != n) --quotient;
  return quotient;
}

Integer rounded(const Rational& x, Ties ties) {
  const Integer floor = floor_of(x);
  const Rational rest = x - floor, half(1, 2);
  if (rest < half) return floor;
  if (rest > half) return floor + 1;
  if (ties == Ties::Even) return floor % 2 == 0 ? floor : Integer(floor + 1);
  return ties == Ties::Away && x < 0 ? floor : Integer(floor + 1);
}

std::string fraction(const Rational& x) {
  const Integer d = mp::denominator(x);
  return d == 1 ? mp::numerator(x).str() : mp::numerator(x).str() + "/" + d.str();
}

std::string decimal(const Rational& x, int digits) {
  if (x == 0) return "0";
  // The exponent of the first digit, from the lengths of numerator and denominator, corrected by at
  // most one.
  const Rational size = magnitude(x);
  int exponent = static_cast<int>(mp::numerator(size).str().size()) -
                 static_cast<int>(mp::denominator(size).str().size());
  if (shifted(size, digits - 1 - exponent) < power(10, digits - 1)) --exponent;
  Integer value = shifted(size, digits - 1 - exponent);
  if (value >= power(10, digits)) value = shifted(size, digits - 1 - ++exponent);
  std::string text = value.str();
  const std::string sign = x < 0 ? "-" : "";
  if (exponent >= -5 && exponent < digits) {
    if (exponent < 0) text = "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + text;
    if (exponent >= 0 && exponent + 1 < digits) text.insert(static_cast<size_t>(exponent + 1), ".");
  } else {
    text.insert(1, ".");
  }
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  const bool is_plain = exponent >= -5 && exponent < digits;
  return sign + text + (is_plain ? "" : fmt::format("e{:+03d}", exponent));
}

int bits_below_one(const Rational& x) {
  if (x == 0) return 9999;
  const Rational size = magnitude(x);
  // 2^(n - 1) <= numerator < 2^n, 2^(d - 1) <= denominator < 2^d: size > 2^(n - 1 - d).
  int k = static_cast<int>(mp::msb(mp::denominator(size))) -
          static_cast<int>(mp::msb(mp::numerator(size))) + 1;
  while (size > power_of_two(-k)) --k;
  return k;
}

}  // namespace zahl::explain
