#include <cmath>

#include "compiler/ir/graph.h"

namespace zahl::ir {

Multiplier average_multiplier(const AveragePool& pool, int count) {
  if (pool.multiplier) return *pool.multiplier;
  // long double holds ratio / count * 2^31 to more bits than a 31-bit integer needs; ratio 1 is
  // exact up to the rounding up.
  int exponent = 0;
  const long double significand =
      std::frexp(static_cast<long double>(pool.scale_ratio) / count, &exponent);
  const long double scaled = std::ldexp(significand, 31);
  auto m0 = static_cast<uint64_t>(
      pool.rounding == isa::Rounding::HalfAway ? std::ceil(scaled) : std::nearbyint(scaled));
  if (m0 == uint64_t{1} << 31) {
    m0 >>= 1;
    ++exponent;
  }
  int shift = 31 - exponent;
  while (shift > 63 && m0 != 0) {  // far below one half of an output step for any sum
    m0 >>= 1;
    --shift;
  }
  return {static_cast<uint32_t>(m0), static_cast<uint8_t>(shift < 0 ? 0 : shift > 63 ? 63 : shift)};
}

std::vector<Multiplier> AveragePool::multipliers() const {
  std::vector<Multiplier> multipliers;
  for (int count = 1; count <= kernel_h * kernel_w; ++count)
    multipliers.push_back(average_multiplier(*this, count));
  return multipliers;
}

}  // namespace zahl::ir
