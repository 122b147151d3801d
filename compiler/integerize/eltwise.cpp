#include <algorithm>
#include <cmath>

#include "compiler/arithmetic/multiplier.h"
#include "compiler/arithmetic/requantize.h"
#include "compiler/integerize/integerize.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

constexpr int kTfliteHeadroom = 20;  // TFLite adds with 20 fractional bits

// TFLite's QuantizeMultiplierSmallerThanOneExp.
arithmetic::TflMultiplier below_one(const LayerContext& context, double real) {
  const arithmetic::TflMultiplier multiplier =
      std::isfinite(real) ? arithmetic::quantize_multiplier(real) : arithmetic::TflMultiplier{0, 1};
  if (!(real > 0) || multiplier.exponent > 0) {
    frontend::refuse<kSumRatio>(context.node);
  }
  return multiplier;
}

void set_tflite_sum(const LayerContext& context, ir::Eltwise& op, float a, float b, float y) {
  const float twice_larger = 2 * std::max(a, b);
  double ratio_a = 0, ratio_b = 0, ratio_y = 0;
  if (op.operation == isa::EltwiseOp::Add) {
    ratio_a = static_cast<double>(a) / static_cast<double>(twice_larger);
    ratio_b = static_cast<double>(b) / static_cast<double>(twice_larger);
    ratio_y = static_cast<double>(twice_larger) / ((1 << kTfliteHeadroom) * static_cast<double>(y));
  } else {  // SUB divides in float32
    ratio_a = static_cast<double>(a / twice_larger);
    ratio_b = static_cast<double>(b / twice_larger);
    ratio_y = static_cast<double>(twice_larger / (static_cast<float>(1 << kTfliteHeadroom) * y));
  }
  const arithmetic::TflMultiplier of_a = below_one(context, ratio_a),
                                  of_b = below_one(context, ratio_b);
  const ir::Multiplier of_y = arithmetic::machine_form(below_one(context, ratio_y));
  op.a_m0 = static_cast<uint32_t>(of_a.significand);
  op.b_m0 = static_cast<uint32_t>(of_b.significand);
  op.a_shift = static_cast<uint8_t>(-of_a.exponent);
  op.b_shift = static_cast<uint8_t>(-of_b.exponent);
  op.m0 = of_y.m0;
  op.shift = of_y.shift;
}

void set_onnx_sum(const LayerContext& context, ir::Eltwise& op, double a, double b, double y) {
  const auto pair = arithmetic::nearest_multipliers(a / y, b / y);
  if (!pair) frontend::refuse<kEltwiseRatio>(context.node);
  op.exact = true;
  op.a_m0 = pair->a;
  op.b_m0 = pair->b;
  op.shift = pair->shift;
}

bool is_scalar(const frontend::Value& value) {
  return value.constant && value.constant->size() == 1;
}

// One operand is a constant byte: a function of the other.
ir::Lookup as_lookup(const ir::Eltwise& op, const frontend::Value& a, const frontend::Value& b) {
  ir::Lookup lookup{.input = is_scalar(a) ? op.b : op.a, .output = op.output, .table = {}};
  for (int q = -128; q < 128; ++q) {
    const auto x = static_cast<int8_t>(q);
    lookup.table[static_cast<size_t>(q + 128)] =
        is_scalar(a) ? arithmetic::evaluate(op, a.constant->front(), x)
                     : arithmetic::evaluate(op, x, b.constant->front());
  }
  return lookup;
}

}  // namespace

ir::Operation integerize_layer(const LayerContext& context, const frontend::EltwiseLayer& layer) {
  const frontend::Value& a = context.network.value(layer.a);
  const frontend::Value& b = context.network.value(layer.b);
  const frontend::Value& output = context.network.value(layer.output);
  const ClampRange bounds = clamp_range(context, output, layer.clamp);
  ir::Eltwise op{
      .a = tensor_of(layer.a), .b = tensor_of(layer.b), .output = tensor_of(layer.output)};
  op.operation = layer.operation;
  op.rounding = context.is_tflite() ? isa::Rounding::TflDouble : isa::Rounding::HalfEven;
  op.a_zero = a.zero_point;
  op.b_zero = b.zero_point;
  op.zero_point = output.zero_point;
  op.low = bounds.low;
  op.high = bounds.high;
  if (op.operation == isa::EltwiseOp::Mul) {
    constexpr int64_t kMaximumProduct = 255 * 255;
    const double ratio = static_cast<double>(a.scale) * static_cast<double>(b.scale) /
                         static_cast<double>(output.scale);
    const ir::Multiplier multiplier = context.is_tflite()
                                          ? tflite_multiplier(context, ratio, kMaximumProduct)
                                          : onnx_multiplier(context, ratio);
    op.m0 = multiplier.m0;
    op.shift = multiplier.shift;
  } else if (context.is_tflite()) {
    set_tflite_sum(context, op, a.scale, b.scale, output.scale);
  } else {
    set_onnx_sum(context, op, static_cast<double>(a.scale), static_cast<double>(b.scale),
                 static_cast<double>(output.scale));
  }
  if (is_scalar(a) && is_scalar(b)) frontend::refuse<kOneComputedOperand>(context.node);
  if (is_scalar(a) || is_scalar(b)) return as_lookup(op, a, b);
  return op;
}

}  // namespace zahl::integerize
