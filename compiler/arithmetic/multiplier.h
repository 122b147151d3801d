// Real factors as integers: how TFLite and how Zahl (for ONNX) write M as m0 * 2^-shift.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/graph.h"

namespace zahl::arithmetic {

// TFLite's form: M = significand * 2^(exponent - 31); a positive exponent shifts left before the
// multiply.
struct TflMultiplier {
  int32_t significand = 0;
  int exponent = 0;
};

// TFLite's QuantizeMultiplier: significand in [2^30, 2^31), rounded half away from zero; factors
// below 2^-32 become zero. Negative factors keep their sign in the significand. REQUIRES: real is
// finite and below 2^30 in magnitude.
TflMultiplier quantize_multiplier(double real);

// TFLite's MultiplyByQuantizedMultiplier, 32 bits, double rounding. The left shift wraps as on the
// device.
int32_t multiply(int32_t x, TflMultiplier multiplier);

// The same factor in the machine's form, for tfl_double. REQUIRES: significand >= 0, -31 <=
// exponent <= 30.
ir::Multiplier machine_form(TflMultiplier multiplier);

// M with 31 significant bits, for the single roundings; factors too small for shift 63 lose bits
// and finally become zero. Nothing where M is not finite, negative, or 2^31 and more.
std::optional<ir::Multiplier> nearest_multiplier(double real);

// a and b under one shift, the larger with 31 bits.
struct MultiplierPair {
  uint32_t a = 0, b = 0;
  uint8_t shift = 0;
};
std::optional<MultiplierPair> nearest_multipliers(double a, double b);

}  // namespace zahl::arithmetic
