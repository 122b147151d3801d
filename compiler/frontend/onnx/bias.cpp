#include "compiler/frontend/onnx/bias.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "compiler/arithmetic/accumulator_bound.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;

namespace {

constexpr double kHalfStep = 0.5;
constexpr double kHighest = std::numeric_limits<int32_t>::max();

// One output channel.
struct Channel {
  double scale;   // of its weights
  double factor;  // steps of the output in a product
  double bias;    // in products
  double reach;   // how far the products move the sum from zero, at most

  double lost() const { return std::abs(bias - std::nearbyint(bias)) * factor; }
  bool fits() const { return std::abs(bias) + reach <= kHighest; }
  // The products do not show in the output, or the bias takes it beyond any byte.
  bool is_constant() const {
    return reach * factor <= 0.25 || (std::abs(bias) - reach) * factor > 512;
  }
};

Channel channel_of(const Network& network, const ConvLayer& conv, const Value& output, size_t o) {
  const auto scale = static_cast<double>(conv.weight_scales.size() == 1 ? conv.weight_scales.front()
                                                                        : conv.weight_scales[o]);
  const size_t fan_in = conv.weights.size() / conv.exact_bias.size();
  const std::span<const int8_t> weights(conv.weights.data() + o * fan_in, fan_in);
  return {
      .scale = scale,
      .factor = static_cast<double>(network.value(conv.input).scale) * scale /
                static_cast<double>(output.scale),
      .bias = conv.exact_bias[o],
      .reach = 2.0 * static_cast<double>(arithmetic::accumulator_bound(weights, conv.weight_zero))};
}

// The output is bias * factor, whatever comes in: weights of zero, and products of 2^-16 steps.
void make_constant(const Network& network, const Value& output, const Channel& channel, size_t o,
                   ConvLayer& conv) {
  constexpr double kFiner = 65536;
  const size_t channels = conv.exact_bias.size(), fan_in = conv.weights.size() / channels;
  std::fill_n(conv.weights.begin() + static_cast<ptrdiff_t>(o * fan_in), fan_in,
              static_cast<int8_t>(conv.weight_zero));
  if (conv.weight_scales.size() == 1) conv.weight_scales.resize(channels, conv.weight_scales[0]);
  conv.weight_scales[o] = static_cast<float>(static_cast<double>(output.scale) / kFiner /
                                             static_cast<double>(network.value(conv.input).scale));
  conv.exact_bias[o] =
      std::nearbyint(std::clamp(channel.bias * channel.factor, -1024.0, 1024.0) * kFiner);
}

// Both layers of a channel: the bytes in between hold finer * (sum - centre) above the output's
// zero point.
struct Halves {
  double first_scale, second_scale;
  int32_t first_bias, second_bias;
};

constexpr int kSecondWeight = 128;  // the byte 0 above the zero point -128

// 128 * finer times the sum is scaled, not the sum: the bias keeps 7 more bits, and what the bytes
// in between do not use. REQUIRES: the unclamped sums fit a byte (factor from about 1.02 on).
std::optional<Halves> halves_of(const Channel& channel, int zero_point) {
  const double low = -128 - zero_point, high = 127 - zero_point;
  const double whole = std::nearbyint(channel.bias), rest = channel.bias - whole;
  // One sum that is clamped at either end stands for all behind it.
  const double first = std::floor((low - kHalfStep) / channel.factor - rest),
               last = std::ceil((high + kHalfStep) / channel.factor - rest);
  if (last - first + 1 > 255) return std::nullopt;
  const double finer = std::exp2(std::floor(std::log2(255 / (last - first + 1))));
  const double centre = std::floor(first - low / finer);
  return Halves{
      .first_scale = finer,
      .second_scale = channel.scale / (finer * kSecondWeight),
      .first_bias = static_cast<int32_t>(whole - centre),
      .second_bias = static_cast<int32_t>(std::nearbyint(kSecondWeight * finer * (centre + rest)))};
}

}  // namespace

std::optional<Layer> settle_bias(Network& network, NodeName& node, const Value& output,
                                 ConvLayer& conv) {
  if (conv.exact_bias.empty()) return std::nullopt;
  const size_t channels = conv.exact_bias.size();
  bool is_coarse = false;
  for (size_t o = 0; o < channels; ++o) {
    Channel channel = channel_of(network, conv, output, o);
    const bool is_lost = channel.lost() > kHalfStep;
    if ((is_lost || !channel.fits()) && channel.is_constant()) {
      make_constant(network, output, channel, o, conv);
    } else {
      if (std::abs(channel.bias) > kHighest - 1024) refuse<kBiasInRange>(node, o);
      is_coarse = is_coarse || is_lost;
    }
  }
  if (!is_coarse) {
    for (double bias : conv.exact_bias)
      conv.bias.push_back(static_cast<int32_t>(std::nearbyint(bias)));
    return std::nullopt;
  }
  Value between = output;
  between.name += " in products";
  between.scale = network.value(conv.input).scale;
  ConvLayer first = conv;
  ConvLayer second{.groups = static_cast<int>(channels),
                   .out_channels = static_cast<int>(channels),
                   .weights = std::vector<int8_t>(channels, kSecondWeight - 128),
                   .weight_zero = -128,
                   .is_matrix = conv.is_matrix};
  first.weight_scales.clear();
  for (size_t o = 0; o < channels; ++o) {
    const Channel channel = channel_of(network, conv, output, o);
    const double step = static_cast<double>(output.scale) / static_cast<double>(between.scale);
    // A channel whose products are fine enough has its result at once, and keeps it.
    const Halves halves =
        halves_of(channel, output.zero_point)
            .value_or(Halves{.first_scale = channel.factor,
                             .second_scale = step / kSecondWeight,
                             .first_bias = static_cast<int32_t>(std::nearbyint(channel.bias)),
                             .second_bias = 0});
    if (halves.second_scale > step) refuse<kBiasOfStep>(node, o, channel.factor);
    first.weight_scales.push_back(static_cast<float>(halves.first_scale));
    first.bias.push_back(halves.first_bias);
    second.weight_scales.push_back(static_cast<float>(halves.second_scale));
    second.bias.push_back(halves.second_bias);
  }
  first.output = second.input = network.add(std::move(between));
  conv = std::move(second);
  const NodeName products = node;
  node.type = "Bias";
  return Layer{products, std::move(first)};
}

}  // namespace zahl::frontend
