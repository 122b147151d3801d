// Convolutions and fully connected layers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/phases.h"
#include "compiler/frontend/network/window.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/moves.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"
#include "compiler/frontend/tflite/windows.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;
using tflite::TensorType;

void read_weights(TfliteContext& c, const Operator& op, int tensor, int axis, ConvLayer& layer) {
  const tflite::Tensor& t = c.file.tensor(tensor);
  const auto bytes = c.file.constant(op.node, tensor);
  const std::string name = c.file.name(tensor);
  if (!bytes) refuse<kConstantWeights>(op.node, name);
  const bool is_unsigned = t.type() == TensorType::UINT8;
  if (!is_unsigned && t.type() != TensorType::INT8) {
    refuse<kByteWeights>(op.node, name, tflite::EnumNameTensorType(t.type()));
  }
  if (t.sparsity()) refuse<kDenseWeights>(op.node, name);
  for (uint8_t b : *bytes) layer.weights.push_back(static_cast<int8_t>(is_unsigned ? b ^ 0x80 : b));

  const auto* quantization = t.quantization();
  if (!quantization || !quantization->scale() || quantization->scale()->size() == 0) {
    refuse<kWeightsHaveScale>(op.node, name);
  }
  const auto& scales = *quantization->scale();
  layer.weight_scales.assign(scales.begin(), scales.end());
  const auto channels = static_cast<size_t>(layer.out_channels);
  if (scales.size() != 1 &&
      (scales.size() != channels || quantization->quantized_dimension() != axis)) {
    refuse<kWeightScales>(op.node, name);
  }
  for (float scale : layer.weight_scales) {
    if (!(scale >= 0) || !std::isfinite(scale)) refuse<kWeightScaleInRange>(op.node, name, scale);
  }
  const auto* zeros = quantization->zero_point();
  int64_t zero = zeros && zeros->size() > 0 ? zeros->Get(0) : 0;
  if (zeros && std::any_of(zeros->begin(), zeros->end(), [&](int64_t z) { return z != zero; })) {
    refuse<kOneWeightZero>(op.node, name);
  }
  zero -= is_unsigned ? 128 : 0;
  if (zero < -128 || zero > 127) refuse<kWeightZeroInRange>(op.node, name);
  layer.weight_zero = static_cast<int>(zero);
}

void read_bias(TfliteContext& c, const Operator& op, ConvLayer& layer, size_t operand = 2) {
  if (op.inputs.size() <= operand || op.inputs[operand] < 0) return;
  if (c.file.tensor(op.inputs[operand]).type() != TensorType::INT32) {
    refuse<kBiasOfInt32>(op.node, c.file.name(op.inputs[operand]));
  }
  for (int64_t b : c.file.integers(op.node, op.inputs[operand]))
    layer.bias.push_back(static_cast<int32_t>(b));
  if (layer.bias.size() != static_cast<size_t>(layer.out_channels)) {
    refuse<kBiasFits>(op.node, layer.bias.size(), layer.out_channels);
  }
}

// TensorFlow's GetQuantizedConvolutionMultipler: where one factor serves all channels, it takes a
// bias for one on input scale * weight scale, and refuses one whose scale is further from that than
// 0.02 output scales.
void require_bias_scale(TfliteContext& c, const Operator& op, const ConvLayer& layer) {
  if (layer.bias.empty()) return;
  const auto* quantization = c.file.tensor(op.inputs[2]).quantization();
  const bool has_scale = quantization && quantization->scale() && quantization->scale()->size() > 0;
  const float own = has_scale ? quantization->scale()->Get(0) : 0.0f;
  const double product = static_cast<double>(c.network.value(layer.input).scale) *
                         static_cast<double>(layer.weight_scales.front());
  const double difference = std::abs(product - static_cast<double>(own));
  if (!(difference / static_cast<double>(c.network.value(layer.output).scale) <= 0.02))
    refuse<kBiasScale>(op.node, own, product);
}

void read_conv(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  const auto& o = options_of<tflite::Conv2DOptions>(op);
  ConvLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  const std::vector<int64_t> filter =
      c.file.dims(op.inputs[1]);  // output channel, h, w, input channel
  if (filter.size() != 4) refuse<kFilterOfFour>(op.node, join(filter));
  element_count(op.node, filter);
  layer.out_channels = static_cast<int>(filter[0]);
  layer.kernel_h = static_cast<int>(filter[1]);
  layer.kernel_w = static_cast<int>(filter[2]);
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.dilation_h = o.dilation_h_factor();
  layer.dilation_w = o.dilation_w_factor();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  set_window(c, op, layer, o.padding());
  const int64_t channels = c.network.value(layer.input).dims[3];
  if (channels % filter[3] != 0 || filter[0] % (channels / filter[3]) != 0 ||
      c.network.value(layer.output).dims[3] != filter[0]) {
    refuse<kFilterFits>(op.node, join(filter), channels);
  }
  layer.groups = static_cast<int>(channels / filter[3]);
  read_weights(c, op, op.inputs[1], 0, layer);
  read_bias(c, op, layer);
  layer.float_scale_product = c.file.tensor(op.inputs[0]).type() == TensorType::UINT8;
  if (layer.float_scale_product) require_bias_scale(c, op, layer);
  c.add(op, std::move(layer));
}

void read_depthwise(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  const auto& o = options_of<tflite::DepthwiseConv2DOptions>(op);
  ConvLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  const std::vector<int64_t> filter = c.file.dims(op.inputs[1]);  // 1, h, w, output channel
  if (filter.size() != 4 || filter[0] != 1) refuse<kDepthwiseFilter>(op.node, join(filter));
  element_count(op.node, filter);
  layer.out_channels = static_cast<int>(filter[3]);
  layer.kernel_h = static_cast<int>(filter[1]);
  layer.kernel_w = static_cast<int>(filter[2]);
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.dilation_h = o.dilation_h_factor();
  layer.dilation_w = o.dilation_w_factor();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  set_window(c, op, layer, o.padding());
  const int64_t channels = c.network.value(layer.input).dims[3];
  if (filter[3] % channels != 0 || c.network.value(layer.output).dims[3] != filter[3]) {
    refuse<kFilterFits>(op.node, join(filter), channels);
  }
  layer.groups = static_cast<int>(channels);
  read_weights(c, op, op.inputs[1], 3, layer);
  // h, w, channel becomes channel, h, w.
  const auto taps = static_cast<size_t>(filter[1] * filter[2]),
             outputs = static_cast<size_t>(filter[3]);
  const std::vector<int8_t> source = layer.weights;
  for (size_t t = 0; t < taps; ++t) {
    for (size_t k = 0; k < outputs; ++k) layer.weights[k * taps + t] = source[t * outputs + k];
  }
  read_bias(c, op, layer);
  layer.float_scale_product = c.file.tensor(op.inputs[0]).type() == TensorType::UINT8;
  if (layer.float_scale_product) require_bias_scale(c, op, layer);
  c.add(op, std::move(layer));
}

// Operands: the output's shape, weights, input, bias.
void read_transpose_conv(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 3, 4);
  const auto& o = options_of<tflite::TransposeConvOptions>(op);
  ConvLayer layer{.input = c.input_of(op, 2)};
  const Value input = c.network.value(layer.input),
              output = c.network.value(c.value_of(op.node, op.outputs[0]));
  require_rank(op.node, input, 4);
  require_rank(op.node, output, 4);
  const std::vector<int64_t> filter =
      c.file.dims(op.inputs[1]);  // output channel, h, w, input channel
  if (filter.size() != 4) refuse<kFilterOfFour>(op.node, join(filter));
  element_count(op.node, filter);
  if (filter[3] != input.dims[3] || filter[0] != output.dims[3])
    refuse<kFilterFits>(op.node, join(filter), input.dims[3]);
  const auto axis_of = [&](size_t i, int stride) {
    WindowAxis forward{output.dims[i], filter[i], stride, 1, 0, 0};  // which this one is back from
    if (o.padding() == tflite::Padding::SAME && stride > 0) pad_same(forward);
    check(op.node, forward);
    if (forward.output() != input.dims[i])
      refuse<kTransposedSize>(op.node, output.dims[i], input.dims[i]);
    return TransposedAxis{input.dims[i], filter[i], stride, 1, forward.before, output.dims[i]};
  };
  const TransposedAxis h = axis_of(1, o.stride_h()), w = axis_of(2, o.stride_w());
  require_dims(op.node, output, {input.dims[0], h.output, w.output, filter[0]});
  layer.out_channels = static_cast<int>(filter[0]);
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  read_weights(c, op, op.inputs[1], 0, layer);
  read_bias(c, op, layer, 3);
  layer.float_scale_product = c.file.tensor(op.inputs[2]).type() == TensorType::UINT8;
  set_phases(layer, h, w);
  Value made = output;
  made.dims = {input.dims[0], h.windows(), w.windows(), layer.out_channels};
  layer.output = c.network.add(made);
  ValueId id = layer.output;
  c.add(op, std::move(layer));
  View view = phases_view(c.network, id, h, w, 1);
  if (h.output % h.stride != 0 || w.output % w.stride != 0) {
    id = add_view(c.network, op.node, made, output.name, view);
    id = settled(c.network, op.node, id);
    view = *sliced(*sliced(view_of(c.network, id), 1, 0, h.output, 1), 2, 0, w.output, 1);
  }
  set_view(c, op, 0, id, view);
}

ValueId as_matrix(TfliteContext& c, const Operator& op, ValueId id, int64_t columns) {
  const Value& value = c.network.value(id);
  const int64_t elements = element_count(op.node, value.dims);
  if (elements % columns != 0) {
    refuse<kRowsDivide>(op.node, value.name, join(value.dims), columns);
  }
  const std::vector<int64_t> matrix{elements / columns, columns};
  if (memory_shape(value) ==
      ir::Shape{1, 1, static_cast<int>(matrix[0]), static_cast<int>(columns)})
    return id;
  Value reshaped = value;
  reshaped.dims = matrix;
  reshaped.order = plain_order(2);
  return c.network.add(std::move(reshaped));
}

void read_fully_connected(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 3);
  const auto& o = options_of<tflite::FullyConnectedOptions>(op);
  if (o.weights_format() != tflite::FullyConnectedOptionsWeightsFormat::DEFAULT) {
    refuse<kPlainWeights>(op.node);
  }
  const std::vector<int64_t> filter = c.file.dims(op.inputs[1]);  // output, input
  if (filter.size() != 2) refuse<kMatrixOfTwo>(op.node, join(filter));
  element_count(op.node, filter);
  const ValueId input = c.input_of(op, 0), output = c.output_of(op);
  ConvLayer layer{.input = as_matrix(c, op, input, filter[1]),
                  .output = as_matrix(c, op, output, filter[0])};
  if (c.network.value(layer.input).dims.size() == 2 &&
      c.network.value(layer.output).dims.size() == 2 &&
      c.network.value(layer.input).dims[0] != c.network.value(layer.output).dims[0]) {
    refuse<kSameRows>(op.node);
  }
  layer.out_channels = static_cast<int>(filter[0]);
  layer.is_matrix = true;
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  read_weights(c, op, op.inputs[1], 0, layer);
  read_bias(c, op, layer);
  layer.float_scale_product = layer.weight_scales.size() == 1;
  if (layer.float_scale_product) require_bias_scale(c, op, layer);
  if (layer.input != input) c.add(op, ReshapeLayer{input, layer.input});
  const ValueId matrix = layer.output;
  c.add(op, std::move(layer));
  if (matrix != output) c.add(op, ReshapeLayer{matrix, output});
}

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::CONV_2D, read_conv, "a convolution", kConvRules},
    {BuiltinOperator::DEPTHWISE_CONV_2D, read_depthwise, "a depthwise convolution",
     kDepthwiseRules},
    {BuiltinOperator::TRANSPOSE_CONV, read_transpose_conv,
     "a convolution that makes the strides' phases as channels, and a view", kTransposeConvRules},
    {BuiltinOperator::FULLY_CONNECTED, read_fully_connected, "a product of rows",
     kFullyConnectedRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_convolution_operators() { return kRows; }

}  // namespace zahl::frontend
