#include "compiler/arithmetic/tflite_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "compiler/arithmetic/fixed_point.h"
#include "compiler/arithmetic/multiplier.h"

namespace zahl::arithmetic {
namespace {

constexpr int kInputBits = 4;  // logistic and tanh work on Q4 inputs

Table tabulate(const std::function<int64_t(int)>& function) {
  Table table{};
  for (int q = -128; q < 128; ++q) {
    table[static_cast<size_t>(q + 128)] =
        static_cast<int8_t>(std::clamp<int64_t>(function(q), -128, 127));
  }
  return table;
}

int16_t saturate16(int64_t x) {
  return static_cast<int16_t>(std::clamp<int64_t>(x, -32768, 32767));
}

// round(a * b / 2^15), ties toward plus infinity.
int16_t doubling_high_multiply16(int16_t a, int16_t b) {
  const int32_t product = int32_t{a} * b;
  const int32_t nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);
  return saturate16((product + nudge) / (1 << 15));
}

// gemmlowp's RoundingDivideByPOT of int16: its mask has 16 bits, so that from 2^16 on a sign is
// left (1 or -1 where 0 is nearest).
int16_t rounding_divide_by_power16(int16_t x, int exponent) {
  const auto mask = static_cast<int16_t>((int64_t{1} << exponent) - 1);
  const auto threshold = static_cast<int16_t>((mask >> 1) + (x < 0 ? 1 : 0));
  return static_cast<int16_t>((x >> exponent) + ((x & mask) > threshold ? 1 : 0));
}

int16_t to_16_bits(int32_t significand) {
  if (significand >= std::numeric_limits<int32_t>::max() - (1 << 15))
    return std::numeric_limits<int16_t>::max();
  return static_cast<int16_t>((significand + (1 << 15)) >> 16);
}

// The input in Q4 for inputs within the radius in which it does not overflow; beyond, the function
// has saturated.
Table on_q4(const UnaryScales& s, int64_t below, int64_t above,
            const std::function<int64_t(int32_t)>& function) {
  const TflMultiplier multiplier =
      quantize_multiplier(static_cast<double>(s.input_scale) * (1 << (31 - kInputBits)));
  const double radius = std::floor(
      std::ldexp(((1 << kInputBits) - 1) * std::ldexp(1.0, 31 - kInputBits), -multiplier.exponent));
  return tabulate([&](int q) -> int64_t {
    const int x = q - s.input_zero;
    if (x <= -radius) return below;
    if (x >= radius) return above;
    return function(multiply(x, multiplier));
  });
}

}  // namespace

Table tfl_logistic(const UnaryScales& s) {
  return on_q4(s, -128, 127, [](int32_t x) {
    return int64_t{rounding_divide_by_power(logistic_q4(x), 31 - 8)} - 128;
  });
}

Table tfl_tanh(const UnaryScales& s) {
  return on_q4(s, -128, 127,
               [](int32_t x) { return int64_t{rounding_divide_by_power(tanh_q4(x), 31 - 7)}; });
}

std::optional<Table> tfl_hard_swish(const UnaryScales& s) {
  const float fine_input_scale = (1.0f / 128.0f) * s.input_scale;
  const float relu_scale = 3.0f / 32768.0f;
  const TflMultiplier output =
      quantize_multiplier(static_cast<double>(fine_input_scale / s.output_scale));
  const TflMultiplier relu =
      quantize_multiplier(static_cast<double>(fine_input_scale / relu_scale));
  if (output.exponent > 0) return std::nullopt;
  return tabulate([&](int q) -> int64_t {
    const auto fine = static_cast<int16_t>((q - s.input_zero) * 128);
    const int16_t on_output_scale = doubling_high_multiply16(fine, to_16_bits(output.significand));
    // min(max(x + 3, 0), 6) / 6 in Q0.15: x / 3 saturated to [-1, 1], then moved to [0, 1].
    int16_t gate = fine;
    if (relu.exponent > 0) gate = saturate16(int64_t{gate} << std::min(relu.exponent - 1, 16));
    gate = doubling_high_multiply16(gate, to_16_bits(relu.significand));
    if (relu.exponent > 0) gate = saturate16(int64_t{gate} << 1);
    if (relu.exponent < 0) gate = rounding_divide_by_power16(gate, std::min(-relu.exponent, 31));
    gate = static_cast<int16_t>((gate + (1 << 15)) >> 1);
    const int16_t product =
        saturate16((int32_t{gate} * on_output_scale) / (1 << 15));  // toward zero
    return int64_t{rounding_divide_by_power16(product, std::min(-output.exponent, 31))} +
           s.output_zero;
  });
}

Table tfl_leaky_relu(const UnaryScales& s, float alpha) {
  const TflMultiplier identity =
      quantize_multiplier(static_cast<double>(s.input_scale / s.output_scale));
  const TflMultiplier slope =
      quantize_multiplier(static_cast<double>(s.input_scale * alpha / s.output_scale));
  return tabulate([&](int q) {
    const int x = q - s.input_zero;
    return int64_t{s.output_zero} + multiply(x, x >= 0 ? identity : slope);
  });
}

Table tfl_rescale(const UnaryScales& s, int low, int high) {
  const TflMultiplier multiplier =
      quantize_multiplier(static_cast<double>(s.input_scale) / static_cast<double>(s.output_scale));
  return tabulate([&](int q) {
    const int64_t y = int64_t{s.output_zero} + multiply(q - s.input_zero, multiplier);
    return std::clamp<int64_t>(y, low, high);
  });
}

Table tfl_clamped_bytes(int low, int high) {
  return tabulate([&](int q) { return std::clamp(q, low, high); });
}

Table tfl_concatenated_unsigned(const UnaryScales& s) {
  const float scale = s.input_scale * (1.0f / s.output_scale);
  const float bias = static_cast<float>(-(s.input_zero + 128)) * scale;
  return tabulate([&](int q) {
    const float y = std::round(static_cast<float>(q + 128) * scale + bias);
    return static_cast<int64_t>(std::clamp(y, -1e6f, 1e6f)) + s.output_zero;
  });
}

Table tfl_absolute(const UnaryScales& s) {
  const TflMultiplier multiplier =
      quantize_multiplier(static_cast<double>(s.input_scale) / static_cast<double>(s.output_scale));
  return tabulate([&](int q) {
    return int64_t{s.output_zero} + multiply(std::abs(q - s.input_zero), multiplier);
  });
}

Table tfl_function(const UnaryScales& s, float (*function)(float)) {
  const float inverse_scale = 1.0f / s.output_scale;
  return tabulate([&](int q) {
    const float y = function(s.input_scale * static_cast<float>(q - s.input_zero));
    const float rescaled = std::clamp(std::round(y * inverse_scale), -1e6f, 1e6f);
    return static_cast<int64_t>(rescaled) + s.output_zero;
  });
}

int tfl_quantized_bound(float real, float scale, int zero) {
  return zero + static_cast<int>(std::clamp(std::round(real / scale), -1e6f, 1e6f));
}

}  // namespace zahl::arithmetic
