// The 32-bit fixed-point functions of gemmlowp on which TFLite's integer kernels are built, bit by
// bit the same. "Qm" is a signed 32-bit number with m integer bits and 31 - m fractional bits. Used
// when a program is compiled: the tables that come out are what the machine holds.
#pragma once

#include <cstdint>

namespace zahl::arithmetic {

// round(a * b / 2^31), ties toward plus infinity; INT32_MIN * INT32_MIN saturates. (-3, 2^30) gives
// -1.
int32_t doubling_high_multiply(int32_t a, int32_t b);

// round(x / 2^exponent), ties away from zero. (-3, 1) gives -2. REQUIRES: 0 <= exponent <= 31.
int32_t rounding_divide_by_power(int32_t x, int exponent);

// x * 2^exponent, saturated. REQUIRES: 0 <= exponent <= 31.
int32_t saturating_multiply_by_power(int32_t x, int exponent);

// exp(x) in Q0 for a number x <= 0 in Q(integer_bits), integer_bits 4 or 5.
int32_t exp_on_negative_values(int32_t x, int integer_bits);

// 1 / (1 + x) in Q0 for x in [0, 1) in Q0.
int32_t one_over_one_plus(int32_t x);

// (1 - x) / (1 + x) in Q0 for x in [0, 1) in Q0.
int32_t one_minus_over_one_plus(int32_t x);

// 1 / (1 + exp(-x)) and tanh(x) in Q0 for x in Q4.
int32_t logistic_q4(int32_t x);
int32_t tanh_q4(int32_t x);

}  // namespace zahl::arithmetic
