#include "compiler/arithmetic/requantize.h"

#include <algorithm>

#include "compiler/arithmetic/multiplier.h"

namespace zahl::arithmetic {
namespace {

int64_t rounded_shift(int64_t x, int shift, isa::Rounding rounding) {
  if (shift == 0) return x;
  const int64_t floor = x >> shift;
  const int64_t rest = x - static_cast<int64_t>(static_cast<uint64_t>(floor) << shift);
  const int64_t half = int64_t{1} << (shift - 1);
  if (rest != half) return floor + (rest > half ? 1 : 0);
  switch (rounding) {
    case isa::Rounding::HalfEven:
      return floor + (floor & 1);
    case isa::Rounding::HalfAway:
      return x < 0 ? floor : floor + 1;
    default:
      return floor + 1;
  }
}

}  // namespace

int64_t scaled(int64_t value, uint32_t m0, int shift, isa::Rounding rounding) {
  if (rounding == isa::Rounding::TflDouble) {
    return multiply(static_cast<int32_t>(value), {static_cast<int32_t>(m0), 31 - shift});
  }
  return rounded_shift(value * m0, shift, rounding);
}

int8_t evaluate(const ir::Eltwise& op, int8_t a, int8_t b) {
  const int64_t qa = a - op.a_zero, qb = b - op.b_zero;
  const int64_t sign = op.operation == isa::EltwiseOp::Sub ? -1 : 1;
  int64_t y = 0;
  if (op.operation == isa::EltwiseOp::Mul) {
    y = scaled(qa * qb, op.m0, op.shift, op.rounding);
  } else if (op.exact) {
    y = rounded_shift(qa * op.a_m0 + sign * qb * op.b_m0, op.shift, op.rounding);
  } else {
    constexpr int64_t kHeadroom = 1 << 20;
    const int64_t wide_a =
        scaled(qa * kHeadroom, op.a_m0, 31 + op.a_shift, isa::Rounding::TflDouble);
    const int64_t wide_b =
        scaled(qb * kHeadroom, op.b_m0, 31 + op.b_shift, isa::Rounding::TflDouble);
    y = scaled(wide_a + sign * wide_b, op.m0, op.shift, op.rounding);
  }
  const auto clamped = static_cast<int8_t>(std::clamp<int64_t>(y + op.zero_point, op.low, op.high));
  return op.table ? (*op.table)[static_cast<size_t>(clamped + 128)] : clamped;
}

}  // namespace zahl::arithmetic
