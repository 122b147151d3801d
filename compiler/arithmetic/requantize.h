// What the machine's post unit makes of one value (design of the requantizer; used to build tables
// at compile time).
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"

namespace zahl::arithmetic {

// round(value * m0 * 2^-shift) under the given rule, unclamped. With tfl_double a shift below 31
// first shifts left (wrapping). half_even: (-3, 1, 1) gives -2; half_up gives -1; half_away gives
// -2.
int64_t scaled(int64_t value, uint32_t m0, int shift, isa::Rounding rounding);

// One element of an Eltwise, with its clamp and table.
int8_t evaluate(const ir::Eltwise& op, int8_t a, int8_t b);

}  // namespace zahl::arithmetic
