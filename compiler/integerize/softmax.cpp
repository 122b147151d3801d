// A softmax: the exponentials and the output factor of ir::Softmax.
#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/fixed_point.h"
#include "compiler/arithmetic/multiplier.h"
#include "compiler/integerize/integerize.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

// As TFLite's integer kernel has them: the output scale is 1/256 and the zero point -128. False
// where input_scale * beta is too small for the kernel (2^-26 or less).
bool set_tflite_softmax(float input_scale, float beta, ir::Softmax& softmax) {
  constexpr int kIntegerBits = 5;
  const double real = std::min(
      static_cast<double>(beta) * static_cast<double>(input_scale) * (1 << (31 - kIntegerBits)),
      static_cast<double>((int64_t{1} << 31) - 1));
  if (!(real > 1.0)) return false;
  const arithmetic::TflMultiplier multiplier = arithmetic::quantize_multiplier(real);
  // Differences beyond the radius would overflow Q5; their exponential is taken as zero.
  const double radius = std::floor(((1 << kIntegerBits) - 1) * std::ldexp(1.0, 31 - kIntegerBits) /
                                   std::ldexp(1.0, multiplier.exponent));
  for (int d = 0; d < 256; ++d) {
    uint32_t& entry = softmax.exponentials[static_cast<size_t>(d)];
    entry = d > radius ? 0
                       : static_cast<uint32_t>(arithmetic::exp_on_negative_values(
                             arithmetic::multiply(-d, multiplier), kIntegerBits));
  }
  softmax.m0 = 1;
  softmax.shift = 23;
  softmax.zero_point = -128;
  return true;
}

// From the real function, for ONNX: round(exp(-d * input_scale) * 2^31). False where output_scale
// does not fit.
bool set_onnx_softmax(double input_scale, double output_scale, ir::Softmax& softmax) {
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

}  // namespace

ir::Operation integerize_layer(const LayerContext& context, const frontend::SoftmaxLayer& layer) {
  const frontend::Value& input = context.network.value(layer.input);
  const frontend::Value& output = context.network.value(layer.output);
  ir::Softmax op{.input = tensor_of(layer.input),
                 .output = tensor_of(layer.output),
                 .exponentials = {},
                 .m0 = 1,
                 .shift = 23,
                 .zero_point = -128};
  if (!context.is_tflite()) {
    if (!set_onnx_softmax(static_cast<double>(input.scale), static_cast<double>(output.scale),
                          op)) {
      frontend::refuse<kSoftmaxScale>(context.node);
    }
    op.zero_point = output.zero_point;
    return op;
  }
  if (output.scale != 1.0f / 256.0f || output.zero_point != -128) {
    frontend::refuse<kSoftmaxOutput>(context.node);
  }
  if (!set_tflite_softmax(input.scale, layer.beta, op)) {
    frontend::refuse<kSoftmaxInput>(context.node);
  }
  return op;
}

}  // namespace zahl::integerize
