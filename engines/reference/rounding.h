// Rounding as written in docs/arithmetic.md, without any of the shortcuts of a datapath: one exact
// 128-bit product, one definition a function. Shares nothing with sim on purpose.
#pragma once

#include <cstdint>

#include "generated/isa.h"

namespace zahl::reference {

using Wide = __int128;

// product * 2^-shift as an integer, in the three modes that round once. `shift` may be negative (a
// left shift). HalfUp of -3 * 2^-1 is -1, HalfAway is -2, HalfEven is -2. REQUIRES: mode is not
// TflDouble.
Wide round_once(isa::Rounding mode, Wide product, int shift);

// a * b * 2^-31 to the nearest integer, ties toward plus infinity: TFLite's saturating rounding
// doubling high multiply.
int32_t doubling_high_multiply(int32_t a, int32_t b);

// x * 2^-exponent to the nearest integer, ties away from zero.
int32_t divide_by_power_of_two(int32_t x, int exponent);

// value * m0 * 2^-shift in any of the four modes. TflDouble with shift < 31 rounds once, half up.
Wide scale_and_round(isa::Rounding mode, int32_t value, int64_t m0, int shift);

// 1 / (1 + x) for x in [0, 1), both as fixed-point numbers with 31 fraction bits: three
// Newton-Raphson steps with the same intermediate rounding as gemmlowp's fixed-point library, which
// TFLite's softmax uses.
int32_t one_over_one_plus_x(int32_t x);

// Limits `value` to low..high.
int8_t clamp_to_byte(Wide value, int low, int high);

}  // namespace zahl::reference
