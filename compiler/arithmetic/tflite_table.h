// 256-entry tables of TFLite's int8 unary kernels, equal to TensorFlow Lite Micro's reference
// kernels in every entry. Entry q + 128 is the result for the byte q.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace zahl::arithmetic {

using Table = std::array<int8_t, 256>;

// Scales are float32, as the file holds them: the kernels mix float and double, and so does this.
struct UnaryScales {
  float input_scale = 1, output_scale = 1;
  int input_zero = 0, output_zero = 0;
};

Table tfl_logistic(const UnaryScales& s);  // as for the output scale 1/256, zero point -128
Table tfl_tanh(const UnaryScales& s);      // as for the output scale 1/128, zero point 0
std::optional<Table> tfl_hard_swish(
    const UnaryScales& s);  // nothing where the output scale is finer than input scale / 128
Table tfl_leaky_relu(const UnaryScales& s, float alpha);
// QUANTIZE, RELU: a change of scale, then a clamp.
Table tfl_rescale(const UnaryScales& s, int low = -128, int high = 127);
// RELU6: Micro clamps the bytes, whatever the output's scale.
Table tfl_clamped_bytes(int low, int high);
// A part of a concatenation of uint8, in float32; the zero points are of the int8 form.
Table tfl_concatenated_unsigned(const UnaryScales& s);

Table tfl_absolute(const UnaryScales& s);
// A function of the real input, computed in float32 (ELU).
Table tfl_function(const UnaryScales& s, float (*function)(float));

// Where a real bound lies on a quantized scale, as TFLite rounds it: zero + round(real / scale),
// half away from zero. Saturated far outside int8.
int tfl_quantized_bound(float real, float scale, int zero);

}  // namespace zahl::arithmetic
