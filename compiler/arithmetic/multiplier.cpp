#include "compiler/arithmetic/multiplier.h"

#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/fixed_point.h"

namespace zahl::arithmetic {

TflMultiplier quantize_multiplier(double real) {
  if (real == 0.0) return {};
  int exponent = 0;
  auto significand = static_cast<int64_t>(
      std::round(std::frexp(real, &exponent) * static_cast<double>(int64_t{1} << 31)));
  if (significand == int64_t{1} << 31) {
    significand /= 2;
    ++exponent;
  }
  if (exponent < -31) return {};
  return {static_cast<int32_t>(significand), exponent};
}

int32_t multiply(int32_t x, TflMultiplier multiplier) {
  const int left = std::max(multiplier.exponent, 0), right = std::max(-multiplier.exponent, 0);
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return rounding_divide_by_power(doubling_high_multiply(shifted, multiplier.significand), right);
}

ir::Multiplier machine_form(TflMultiplier multiplier) {
  return {static_cast<uint32_t>(multiplier.significand),
          static_cast<uint8_t>(31 - multiplier.exponent)};
}

std::optional<ir::Multiplier> nearest_multiplier(double real) {
  const auto pair = nearest_multipliers(real, 0.0);
  if (!pair) return std::nullopt;
  return ir::Multiplier{pair->a, pair->shift};
}

std::optional<MultiplierPair> nearest_multipliers(double a, double b) {
  const double larger = std::max(a, b);
  if (!std::isfinite(larger) || !(a >= 0) || !(b >= 0)) return std::nullopt;
  if (larger == 0) return MultiplierPair{};
  int exponent = 0;
  std::frexp(larger, &exponent);
  int shift = std::min(31 - exponent, 63);
  const auto scaled = [&](double x) {
    return static_cast<uint64_t>(std::nearbyint(std::ldexp(x, shift)));
  };
  if (scaled(larger) == uint64_t{1} << 31) --shift;  // rounded up to 32 bits
  if (shift < 0) return std::nullopt;
  return MultiplierPair{static_cast<uint32_t>(scaled(a)), static_cast<uint32_t>(scaled(b)),
                        static_cast<uint8_t>(shift)};
}

}  // namespace zahl::arithmetic
