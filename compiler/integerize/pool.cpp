#include <algorithm>
#include <bit>

#include "compiler/arithmetic/multiplier.h"
#include "compiler/integerize/integerize.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

void require_same_scale(const LayerContext& context, const frontend::Value& input,
                        const frontend::Value& output) {
  if (input.scale != output.scale || input.zero_point != output.zero_point) {
    frontend::refuse<kPoolScale>(context.node);
  }
}

// TFLite's MEAN: the factor input scale / output scale with 1 / count multiplied in, truncated.
ir::Multiplier mean_multiplier(const LayerContext& context, double real, int64_t count) {
  const ir::Multiplier whole = tflite_multiplier(context, real, 255 * count);
  const int exponent = 31 - int{whole.shift};
  const int room =
      std::min({63 - std::countl_zero(static_cast<uint64_t>(count)), 32, 31 + exponent});
  return {static_cast<uint32_t>((uint64_t{whole.m0} << room) / static_cast<uint64_t>(count)),
          static_cast<uint8_t>(31 - (exponent - room))};
}

ir::MaxPool integerize_maximum(const LayerContext& context, const frontend::PoolLayer& layer) {
  const frontend::Value& input = context.network.value(layer.input);
  const frontend::Value& output = context.network.value(layer.output);
  if (context.is_tflite()) require_same_scale(context, input, output);
  const int channels = frontend::memory_shape(output).c;
  const ir::Multiplier multiplier =
      input.scale == output.scale ? ir::Multiplier{1, 0}
                                  : onnx_multiplier(context, static_cast<double>(input.scale) /
                                                                 static_cast<double>(output.scale));
  const ClampRange bounds = clamp_range(context, output, layer.clamp);
  return {
      .input = tensor_of(layer.input),
      .output = tensor_of(layer.output),
      .kernel_h = layer.kernel_h,
      .kernel_w = layer.kernel_w,
      .stride_h = layer.stride_h,
      .stride_w = layer.stride_w,
      .padding = layer.padding,
      .requant = {.rounding = isa::Rounding::HalfEven,
                  .bias = std::vector<int32_t>(static_cast<size_t>(channels), -input.zero_point),
                  .m0 = {multiplier.m0},
                  .shift = {multiplier.shift},
                  .zero_point = output.zero_point,
                  .low = bounds.low,
                  .high = bounds.high,
                  .table = std::nullopt}};
}

}  // namespace

ir::Operation integerize_layer(const LayerContext& context, const frontend::PoolLayer& layer) {
  if (layer.kind == frontend::PoolLayer::Kind::Maximum) return integerize_maximum(context, layer);
  const frontend::Value& input = context.network.value(layer.input);
  const frontend::Value& output = context.network.value(layer.output);
  const double ratio = static_cast<double>(input.scale) / static_cast<double>(output.scale);
  const ClampRange bounds = clamp_range(context, output, layer.clamp);
  ir::AveragePool pool{.input = tensor_of(layer.input),
                       .output = tensor_of(layer.output),
                       .kernel_h = layer.kernel_h,
                       .kernel_w = layer.kernel_w,
                       .stride_h = layer.stride_h,
                       .stride_w = layer.stride_w,
                       .padding = layer.padding,
                       .count_includes_padding = layer.count_includes_padding,
                       .scale_ratio = ratio,
                       .input_zero = input.zero_point,
                       .multiplier = std::nullopt,
                       .rounding = isa::Rounding::HalfEven,
                       .zero_point = output.zero_point,
                       .low = bounds.low,
                       .high = bounds.high,
                       .table = std::nullopt};
  const int64_t count = int64_t{layer.kernel_h} * layer.kernel_w;
  if (layer.kind == frontend::PoolLayer::Kind::Sum) {
    pool.rounding = context.is_tflite() ? isa::Rounding::TflDouble : isa::Rounding::HalfEven;
    pool.multiplier = context.is_tflite() ? tflite_multiplier(context, ratio, 255 * count)
                                          : onnx_multiplier(context, ratio);
  } else if (layer.kind == frontend::PoolLayer::Kind::Mean) {
    pool.rounding = isa::Rounding::TflDouble;
    pool.multiplier = mean_multiplier(context, ratio, count);
  } else if (context.is_tflite()) {
    // TFLite averages the bytes themselves; a uint8 is the int8 form plus 128, and never negative.
    require_same_scale(context, input, output);
    pool.rounding = isa::Rounding::HalfAway;
    pool.input_zero = pool.zero_point = layer.averages_unsigned ? -128 : 0;
  } else {
    onnx_multiplier(context, ratio);
  }
  return pool;
}

}  // namespace zahl::integerize
