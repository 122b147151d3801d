#include "compiler/arithmetic/softmax_table.h"

#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/fixed_point.h"
#include "compiler/arithmetic/multiplier.h"

namespace zahl::arithmetic {

bool tfl_softmax(float input_scale, float beta, ir::Softmax& softmax) {
  constexpr int kIntegerBits = 5;
  const double real = std::min(
      static_cast<double>(beta) * static_cast<double>(input_scale) * (1 << (31 - kIntegerBits)),
      static_cast<double>((int64_t{1} << 31) - 1));
  if (!(real > 1.0)) return false;
  const TflMultiplier multiplier = quantize_multiplier(real);
  // Differences beyond the radius would overflow Q5; their exponential is taken as zero.
  const double radius = std::floor(((1 << kIntegerBits) - 1) * std::ldexp(1.0, 31 - kIntegerBits) /
                                   std::ldexp(1.0, multiplier.exponent));
  for (int d = 0; d < 256; ++d) {
    uint32_t& entry = softmax.exponentials[static_cast<size_t>(d)];
    entry =
        d > radius
            ? 0
            : static_cast<uint32_t>(exp_on_negative_values(multiply(-d, multiplier), kIntegerBits));
  }
  softmax.m0 = 1;
  softmax.shift = 23;
  softmax.zero_point = -128;
  return true;
}

bool nearest_softmax(double input_scale, double output_scale, ir::Softmax& softmax) {
  constexpr double kOne = 2147483648.0;
  for (int d = 0; d < 256; ++d) {
    const double entry = std::nearbyint(std::exp(-d * input_scale) * kOne);
    softmax.exponentials[static_cast<size_t>(d)] = static_cast<uint32_t>(std::min(entry, kOne - 1));
  }
  // The machine shifts by up to 12 more: 24 significant bits and shift <= 51 leave room. 1/256
  // gives 1 * 2^-23.
  const double real = 1.0 / output_scale / kOne;
  if (!std::isfinite(real) || real <= 0) return false;
  int exponent = 0;
  std::frexp(real, &exponent);
  int shift = std::min(24 - exponent, 51);
  if (shift < 0) return false;
  auto m0 = static_cast<uint32_t>(std::nearbyint(std::ldexp(real, shift)));
  while (m0 != 0 && m0 % 2 == 0 && shift > 0) {
    m0 /= 2;
    --shift;
  }
  softmax.m0 = m0;
  softmax.shift = static_cast<uint8_t>(shift);
  return true;
}

}  // namespace zahl::arithmetic
