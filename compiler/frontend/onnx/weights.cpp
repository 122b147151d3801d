#include "compiler/frontend/onnx/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

}  // namespace

void read_weights(const OnnxNode& node, const QuantizedConstant& constant, int axis,
                  ConvLayer& layer) {
  if (!constant.tensor->is_byte()) {
    refuse<kByteWeights>(node.name(), constant.name,
                         onnx::TensorProto_DataType_Name(constant.tensor->type));
  }
  if (constant.scales.size() > 1 && constant.axis != axis) {
    refuse<kWeightScales>(node.name(), constant.name);
  }
  const int64_t zero = constant.zero_points.front();
  if (std::ranges::any_of(constant.zero_points, [&](int64_t z) { return z != zero; })) {
    refuse<kOneWeightZero>(node.name(), constant.name);
  }
  const int64_t label = constant.tensor->type == onnx::TensorProto::UINT8 ? 128 : 0;
  layer.weight_zero = static_cast<int>(std::clamp<int64_t>(zero - label, -128, 127));
  layer.weight_scales = constant.scales;
  for (int64_t w : constant.tensor->integers)
    layer.weights.push_back(static_cast<int8_t>(w - label));
}

void add_bias(OnnxContext& c, const OnnxNode& node, const Meaning& bias, ConvLayer& layer) {
  std::vector<double> values = constant_values(node, bias);
  const auto channels = static_cast<size_t>(layer.out_channels);
  if (values.size() == 1) values.resize(channels, values.front());
  if (values.size() != channels) {
    refuse<kBiasFits>(node.name(), values.size(), channels);
  }
  layer.bias.resize(channels, 0);
  const double input_scale = static_cast<double>(c.network.value(layer.input).scale);
  for (size_t o = 0; o < channels; ++o) {
    // A bias that was quantized with input scale * weight scale comes back as the integer that it
    // was: the product of the scales in float32 is within 2^-24 of the one in double, and a bias
    // within 2^24 of it rounds to itself.
    const double scale = input_scale * static_cast<double>(layer.weight_scales.size() == 1
                                                               ? layer.weight_scales.front()
                                                               : layer.weight_scales[o]);
    double q = std::nearbyint(values[o] / scale);
    if (const auto* quantized = std::get_if<QuantizedConstant>(&bias);
        quantized && quantized->tensor->integers.size() == channels) {
      const double own = static_cast<double>(
          quantized->scales.size() == 1 ? quantized->scales.front() : quantized->scales[o]);
      const int64_t zero = quantized->zero_points.size() == 1 ? quantized->zero_points.front()
                                                              : quantized->zero_points[o];
      if (std::abs(own - scale) <= 1e-6 * scale)
        q = static_cast<double>(quantized->tensor->integers[o] - zero);
    }
    const double sum = q + layer.bias[o];
    if (!(std::abs(sum) <= std::numeric_limits<int32_t>::max())) {
      refuse<kBiasInRange>(node.name(), o);
    }
    layer.bias[o] = static_cast<int32_t>(sum);
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
    const size_t behind = conv->is_matrix ? 0 : 2;
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
