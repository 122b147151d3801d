#include "compiler/frontend/onnx/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;

namespace {

std::vector<double> constant_values(const OnnxNode& node, const Meaning& meaning) {
  std::vector<double> values;
  if (const auto* real = std::get_if<FloatConstant>(&meaning)) {
    values.assign(real->tensor->floats.begin(), real->tensor->floats.end());
  } else if (const auto* quantized = std::get_if<QuantizedConstant>(&meaning)) {
    const auto& tensor = *quantized->tensor;
    size_t inner = 1;
    for (auto i = static_cast<size_t>(quantized->axis) + 1; i < tensor.dims.size(); ++i)
      inner *= static_cast<size_t>(tensor.dims[i]);
    for (size_t i = 0; i < tensor.integers.size(); ++i) {
      const size_t channel = i / std::max<size_t>(inner, 1) % quantized->scales.size();
      values.push_back(static_cast<double>(tensor.integers[i] - quantized->zero_points[channel]) *
                       static_cast<double>(quantized->scales[channel]));
    }
  } else {
    refuse<kConstantBias>(node.name());
  }
  return values;
}

// Weights of the scale zero as weights of zero, on a scale on which a bias can be written.
void drop_channel(ConvLayer& layer, size_t o) {
  const auto channels = static_cast<size_t>(layer.out_channels);
  const size_t fan_in = layer.weights.size() / channels;
  if (layer.weight_scales.size() == 1) layer.weight_scales.resize(channels, 0);
  layer.weight_scales[o] = 1;
  std::fill_n(layer.weights.begin() + static_cast<ptrdiff_t>(o * fan_in), fan_in,
              static_cast<int8_t>(layer.weight_zero));
}

}  // namespace

namespace {

// The index along `axis` of each element.
std::vector<size_t> indices_along(const std::vector<int64_t>& dims, int axis) {
  size_t inner = 1, total = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    total *= static_cast<size_t>(dims[i]);
    if (static_cast<int>(i) > axis) inner *= static_cast<size_t>(dims[i]);
  }
  std::vector<size_t> indices(total);
  for (size_t i = 0; i < total; ++i)
    indices[i] = i / inner % static_cast<size_t>(dims[static_cast<size_t>(axis)]);
  return indices;
}

// Whole numbers as the sum of bytes.
std::vector<std::vector<int8_t>> split(const std::vector<int>& whole) {
  const auto [low, high] = std::ranges::minmax(whole);
  const int count = std::max({1, (high + 126) / 127, (127 - low) / 128});
  std::vector<std::vector<int8_t>> parts;
  for (int left = count; left > 0; --left) {
    std::vector<int8_t>& part = parts.emplace_back();
    for (size_t i = 0; i < whole.size(); ++i) {
      int rest = whole[i];
      for (const auto& earlier : parts) {
        if (&earlier != &part) rest -= earlier[i];
      }
      part.push_back(static_cast<int8_t>(rest / left));
    }
  }
  return parts;
}

// Weights minus the zero point of their channel: with one zero point where that is possible, else
// in parts.
std::vector<std::vector<int8_t>> shifted(const std::vector<int>& centred, ConvLayer& layer) {
  const auto [low, high] = std::ranges::minmax(centred);
  if (high - low > 255 || low > 0 || high < 0) return split(centred);
  layer.weight_zero = std::clamp(0, -128 - low, 127 - high);
  std::vector<int8_t> weights;
  for (int w : centred) weights.push_back(static_cast<int8_t>(w + layer.weight_zero));
  return {std::move(weights)};
}

// Weights with a scale for each input, rounded to 1 / 1016 of the largest of their output channel:
// no product of integers has them exactly.
std::vector<std::vector<int8_t>> rescaled(const QuantizedConstant& constant, int axis,
                                          ConvLayer& layer) {
  constexpr double kHighest = 127 * 8;
  const std::vector<int64_t>& dims = constant.tensor->dims;
  const std::vector<size_t> input = indices_along(dims, constant.axis),
                            output = indices_along(dims, axis);
  std::vector<double> real;
  std::vector<double> largest(static_cast<size_t>(dims[static_cast<size_t>(axis)]), 0);
  for (size_t i = 0; i < input.size(); ++i) {
    real.push_back(
        static_cast<double>(constant.tensor->integers[i] - constant.zero_points[input[i]]) *
        static_cast<double>(constant.scales[input[i]]));
    largest[output[i]] = std::max(largest[output[i]], std::abs(real.back()));
  }
  layer.weight_scales.clear();
  for (double most : largest) layer.weight_scales.push_back(static_cast<float>(most / kHighest));
  std::vector<int> whole;
  for (size_t i = 0; i < real.size(); ++i) {
    const double scale = static_cast<double>(layer.weight_scales[output[i]]);
    whole.push_back(scale == 0 ? 0 : static_cast<int>(std::nearbyint(real[i] / scale)));
  }
  return split(whole);
}

}  // namespace

std::vector<std::vector<int8_t>> read_weights(const OnnxNode& node,
                                              const QuantizedConstant& constant, int axis,
                                              ConvLayer& layer) {
  if (!constant.tensor->is_byte()) {
    refuse<kByteWeights>(node.name(), constant.name,
                         onnx::TensorProto_DataType_Name(constant.tensor->type));
  }
  layer.weight_scales = constant.scales;
  if (constant.scales.size() > 1 && constant.axis != axis) return rescaled(constant, axis, layer);
  const int64_t zero = constant.zero_points.front();
  if (std::ranges::any_of(constant.zero_points, [&](int64_t z) { return z != zero; })) {
    const std::vector<size_t> channel = indices_along(constant.tensor->dims, axis);
    std::vector<int> centred;
    for (size_t i = 0; i < channel.size(); ++i)
      centred.push_back(
          static_cast<int>(constant.tensor->integers[i] - constant.zero_points[channel[i]]));
    return shifted(centred, layer);
  }
  const int64_t label = constant.tensor->type == onnx::TensorProto::UINT8 ? 128 : 0;
  layer.weight_zero = static_cast<int>(std::clamp<int64_t>(zero - label, -128, 127));
  std::vector<int8_t> weights;
  for (int64_t w : constant.tensor->integers) weights.push_back(static_cast<int8_t>(w - label));
  return {std::move(weights)};
}

void set_weights(OnnxContext& c, const OnnxNode& node,
                 const std::vector<std::vector<int8_t>>& parts, size_t channel_axis,
                 const std::vector<int>& order, ConvLayer& layer) {
  layer.weights.clear();
  for (size_t i = 0; i < parts.front().size(); ++i) {
    for (const auto& part : parts) layer.weights.push_back(part[i]);
  }
  if (parts.size() == 1) return;
  const Value like = c.network.value(layer.input);
  const View view =
      repeated(view_of(c.network, layer.input), channel_axis, static_cast<int>(parts.size()));
  layer.input = in_memory_order(c.network, node.name(),
                                add_view(c.network, node.name(), like, like.name, view), order);
}

void add_bias(OnnxContext& c, const OnnxNode& node, const Meaning& bias, ConvLayer& layer) {
  std::vector<double> values = constant_values(node, bias);
  const auto channels = static_cast<size_t>(layer.out_channels);
  if (values.size() == 1) values.resize(channels, values.front());
  if (values.size() != channels) {
    refuse<kBiasFits>(node.name(), values.size(), channels);
  }
  layer.exact_bias.resize(channels, 0);
  const double input_scale = static_cast<double>(c.network.value(layer.input).scale);
  for (size_t o = 0; o < channels; ++o) {
    if (layer.weight_scales[layer.weight_scales.size() == 1 ? 0 : o] == 0) drop_channel(layer, o);
    // A bias that was quantized with input scale * weight scale is the integer that it was, though
    // the product of the scales in float32 is only within 2^-24 of the one in double.
    const double scale = input_scale * static_cast<double>(layer.weight_scales.size() == 1
                                                               ? layer.weight_scales.front()
                                                               : layer.weight_scales[o]);
    double products = values[o] / scale;
    if (const auto* quantized = std::get_if<QuantizedConstant>(&bias);
        quantized && quantized->tensor->integers.size() == channels) {
      const double own = static_cast<double>(
          quantized->scales.size() == 1 ? quantized->scales.front() : quantized->scales[o]);
      const int64_t zero = quantized->zero_points.size() == 1 ? quantized->zero_points.front()
                                                              : quantized->zero_points[o];
      if (std::abs(own - scale) <= 1e-6 * scale)
        products = static_cast<double>(quantized->tensor->integers[o] - zero);
    }
    layer.exact_bias[o] += products;
    if (!std::isfinite(layer.exact_bias[o])) refuse<kFiniteBias>(node.name(), o);
  }
}

// A constant vector added to a product that is not yet quantized is its bias.
bool read_added_bias(OnnxContext& c, const OnnxNode& node) {
  for (size_t i : {size_t{0}, size_t{1}}) {
    const auto* pending = std::get_if<Pending>(&c.meaning_of(node, i));
    const Meaning& other = c.meaning_of(node, 1 - i);
    const bool is_constant = std::holds_alternative<FloatConstant>(other) ||
                             std::holds_alternative<QuantizedConstant>(other);
    if (node.type() != "Add" || !pending || !is_constant || !pending->layer ||
        !pending->moves.empty())
      continue;
    const auto* conv = std::get_if<ConvLayer>(&pending->layer->kind);
    if (!conv || !std::isinf(pending->clamp.low) || !std::isinf(pending->clamp.high)) continue;
    const auto* real = std::get_if<FloatConstant>(&other);
    const std::vector<int64_t>& dims =
        real ? real->tensor->dims : std::get<QuantizedConstant>(other).tensor->dims;
    // Along the channels alone: the last axis of a matrix, the second of a feature map.
    const size_t behind = conv->is_matrix ? 0 : pending->output.dims.size() - 2;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (dims[axis] != 1 && axis + behind + 1 != dims.size()) {
        refuse<kAddedBias>(node.name(), join(dims));
      }
    }
    ConvLayer biased = *conv;
    add_bias(c, node, other, biased);
    Pending result = *pending;
    result.layer = std::make_shared<const Layer>(Layer{pending->layer->node, std::move(biased)});
    result.names.push_back(node.name().name);
    c.floats.insert_or_assign(node.output(), std::move(result));
    return true;
  }
  return false;
}

}  // namespace zahl::frontend
