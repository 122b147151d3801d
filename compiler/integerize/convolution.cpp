#include <algorithm>
#include <limits>
#include <span>

#include "compiler/arithmetic/accumulator_bound.h"
#include "compiler/arithmetic/multiplier.h"
#include "compiler/integerize/integerize.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

// The ratio input scale * weight scale / output scale, with the framework's own mix of float and
// double.
double ratio(const frontend::ConvLayer& layer, float input_scale, float weight_scale,
             float output_scale) {
  const double product = layer.float_scale_product
                             ? static_cast<double>(input_scale * weight_scale)
                             : static_cast<double>(input_scale) * static_cast<double>(weight_scale);
  return product / static_cast<double>(output_scale);
}

// One entry serves all where all are alike.
void merge_uniform(ir::Requant& requant) {
  const auto alike = [](const auto& entries) {
    return std::ranges::all_of(entries, [&](auto e) { return e == entries.front(); });
  };
  if (alike(requant.m0) && alike(requant.shift)) {
    requant.m0.resize(1);
    requant.shift.resize(1);
  }
}

std::vector<int8_t> channels_last(const std::vector<int8_t>& weights, int channels) {
  std::vector<int8_t> result(weights.size());
  const size_t taps = weights.size() / static_cast<size_t>(channels),
               count = static_cast<size_t>(channels);
  for (size_t c = 0; c < count; ++c) {
    for (size_t t = 0; t < taps; ++t) result[t * count + c] = weights[c * taps + t];
  }
  return result;
}

// The sum of bytes / divisor, rounded down or up: with one rounding to the nearest after half a
// divisor is taken off. divisor 16: -17 gives (-17 - 8) / 16 = -1.56, so -2, rounded down; (-17 +
// 7) / 16, so -1, rounded up. An even divisor is a power of two, whose ties are exact and go up; an
// odd one has no ties.
ir::Requant byte_mean(const frontend::ConvLayer& layer) {
  using Ending = frontend::ConvLayer::Ending;
  ir::Requant requant;
  requant.rounding = isa::Rounding::HalfUp;
  const int down = -(layer.divisor / 2), up = layer.divisor - 1 + down;
  requant.bias.assign(static_cast<size_t>(layer.out_channels),
                      layer.ending == Ending::UpBelowZero ? up : down);
  const ir::Multiplier multiplier = *arithmetic::nearest_multiplier(1.0 / layer.divisor);
  requant.m0 = {multiplier.m0};
  requant.shift = {multiplier.shift};
  requant.low = layer.ending == Ending::DownAboveZero ? 0 : -128;
  requant.high = layer.ending == Ending::UpBelowZero ? 0 : 127;
  return requant;
}

ir::Requant requant_of(const LayerContext& context, const frontend::ConvLayer& layer) {
  if (layer.ending != frontend::ConvLayer::Ending::Nearest) return byte_mean(layer);
  const frontend::Value& input = context.network.value(layer.input);
  const frontend::Value& output = context.network.value(layer.output);
  const auto channels = static_cast<size_t>(layer.out_channels);
  const size_t fan_in = layer.weights.size() / channels;
  ir::Requant requant;
  requant.rounding = context.is_tflite() ? isa::Rounding::TflDouble : isa::Rounding::HalfEven;
  requant.zero_point = output.zero_point;
  const ClampRange bounds = clamp_range(context, output, layer.clamp);
  requant.low = bounds.low;
  requant.high = bounds.high;
  for (size_t c = 0; c < channels; ++c) {
    const std::span<const int8_t> weights(layer.weights.data() + c * fan_in, fan_in);
    int64_t bias = layer.bias.empty() ? 0 : layer.bias[c];
    for (int8_t w : weights) bias -= int64_t{input.zero_point} * (w - layer.weight_zero);
    const arithmetic::Interval interval =
        arithmetic::result_interval(weights, layer.weight_zero, bias);
    constexpr auto kLowest = std::numeric_limits<int32_t>::min(),
                   kHighest = std::numeric_limits<int32_t>::max();
    if (arithmetic::accumulator_bound(weights, layer.weight_zero) > kHighest ||
        interval.low < kLowest || interval.high > kHighest) {
      frontend::refuse<kAccumulatorFits>(context.node, c);
    }
    requant.bias.push_back(static_cast<int32_t>(bias));
    const float weight_scale =
        layer.weight_scales.size() == 1 ? layer.weight_scales.front() : layer.weight_scales[c];
    const double real = ratio(layer, input.scale, weight_scale, output.scale);
    const ir::Multiplier multiplier =
        context.is_tflite()
            ? tflite_multiplier(context, real,
                                arithmetic::result_bound(weights, layer.weight_zero, bias))
            : onnx_multiplier(context, real);
    requant.m0.push_back(multiplier.m0);
    requant.shift.push_back(multiplier.shift);
  }
  merge_uniform(requant);
  return requant;
}

}  // namespace

ir::Operation integerize_layer(const LayerContext& context, const frontend::ConvLayer& layer) {
  const ir::Shape in = frontend::memory_shape(context.network.value(layer.input));
  const ir::Shape out = frontend::memory_shape(context.network.value(layer.output));
  const bool is_average = layer.ending != frontend::ConvLayer::Ending::Nearest;
  const auto weights = static_cast<int64_t>(layer.weights.size());
  context.macs = is_average       ? 0
                 : layer.macs > 0 ? in.n * layer.macs
                                  : out.elements() / layer.out_channels * weights;
  const bool is_depthwise = layer.groups > 1 && layer.groups == in.c && layer.groups == out.c &&
                            layer.dilation_h == 1 && layer.dilation_w == 1;
  if (is_depthwise) {
    return ir::Depthwise{.input = tensor_of(layer.input),
                         .output = tensor_of(layer.output),
                         .kernel_h = layer.kernel_h,
                         .kernel_w = layer.kernel_w,
                         .stride_h = layer.stride_h,
                         .stride_w = layer.stride_w,
                         .padding = layer.padding,
                         .weights = channels_last(layer.weights, out.c),
                         .weight_zero = layer.weight_zero,
                         .requant = requant_of(context, layer)};
  }
  return ir::Conv{.input = tensor_of(layer.input),
                  .output = tensor_of(layer.output),
                  .kernel_h = layer.kernel_h,
                  .kernel_w = layer.kernel_w,
                  .stride_h = layer.stride_h,
                  .stride_w = layer.stride_w,
                  .dilation_h = layer.dilation_h,
                  .dilation_w = layer.dilation_w,
                  .groups = layer.groups,
                  .padding = layer.padding,
                  .weights = layer.weights,
                  .weight_zero = layer.weight_zero,
                  .requant = requant_of(context, layer)};
}

}  // namespace zahl::integerize
