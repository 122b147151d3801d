// The operators of TfliteReader, one function each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "compiler/frontend/tflite_reader.h"
#include "compiler/frontend/window.h"
#include "compiler/legalize/tflite_table.h"

namespace zahl::frontend {
namespace {

using tflite::BuiltinOperator;
using tflite::TensorType;

constexpr std::string_view kIntactFile = "use an intact file as written by the TFLite converter";

// The union member of each options table.
template <typename Options>
constexpr auto kOptionsType = tflite::BuiltinOptions::NONE;
template <>
constexpr auto kOptionsType<tflite::Conv2DOptions> = tflite::BuiltinOptions::Conv2DOptions;
template <>
constexpr auto kOptionsType<tflite::DepthwiseConv2DOptions> = tflite::BuiltinOptions::DepthwiseConv2DOptions;
template <>
constexpr auto kOptionsType<tflite::Pool2DOptions> = tflite::BuiltinOptions::Pool2DOptions;
template <>
constexpr auto kOptionsType<tflite::FullyConnectedOptions> = tflite::BuiltinOptions::FullyConnectedOptions;
template <>
constexpr auto kOptionsType<tflite::SoftmaxOptions> = tflite::BuiltinOptions::SoftmaxOptions;
template <>
constexpr auto kOptionsType<tflite::AddOptions> = tflite::BuiltinOptions::AddOptions;
template <>
constexpr auto kOptionsType<tflite::SubOptions> = tflite::BuiltinOptions::SubOptions;
template <>
constexpr auto kOptionsType<tflite::MulOptions> = tflite::BuiltinOptions::MulOptions;
template <>
constexpr auto kOptionsType<tflite::ReducerOptions> = tflite::BuiltinOptions::ReducerOptions;
template <>
constexpr auto kOptionsType<tflite::LeakyReluOptions> = tflite::BuiltinOptions::LeakyReluOptions;

std::string join(const std::vector<int64_t>& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

void require_rank(const NodeName& node, const Value& value, size_t rank) {
  if (value.dims.size() != rank) {
    refuse(node, fmt::format("tensor '{}' has the shape {}", value.name, join(value.dims)),
           fmt::format("use {} dimensions", rank));
  }
}

void require_dims(const NodeName& node, const Value& value, const std::vector<int64_t>& dims) {
  if (value.dims != dims) {
    refuse(node,
           fmt::format("tensor '{}' has the shape {} where {} follows from the operator", value.name, join(value.dims),
                       join(dims)),
           kIntactFile);
  }
}

// The factors of tables stay far from overflowing TFLite's left shift of a 9-bit value.
void require_table_ratio(const NodeName& node, double ratio) {
  if (!std::isfinite(ratio) || std::abs(ratio) >= 4194304.0) {
    refuse(node, fmt::format("the ratio of its scales, {}, is out of range", ratio),
           "quantize with a larger output range");
  }
}

}  // namespace

template <typename Options>
const Options& TfliteReader::options(const Operator& op) const {
  // A table without fields: every option at its default.
  static const auto kDefaults = [] {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(flatbuffers::Offset<Options>(builder.EndTable(builder.StartTable())));
    return builder.Release();
  }();
  const auto* given = op.raw->builtin_options_type() == kOptionsType<Options>
                          ? static_cast<const Options*>(op.raw->builtin_options())
                          : nullptr;
  return given ? *given : *flatbuffers::GetRoot<Options>(kDefaults.data());
}

Clamp TfliteReader::clamp_of(const NodeName& node, tflite::ActivationFunctionType activation) const {
  switch (activation) {
    case tflite::ActivationFunctionType::NONE:
      return {};
    case tflite::ActivationFunctionType::RELU:
      return {.low = 0};
    case tflite::ActivationFunctionType::RELU_N1_TO_1:
      return {.low = -1, .high = 1};
    case tflite::ActivationFunctionType::RELU6:
      return {.low = 0, .high = 6};
    default:
      refuse(
          node,
          fmt::format("the fused activation {} is not supported", tflite::EnumNameActivationFunctionType(activation)),
          "use the activation as an operator of its own");
  }
}

void TfliteReader::read_weights(const Operator& op, int tensor, int axis, ConvLayer& layer) const {
  const tflite::Tensor& t = file_.tensor(tensor);
  const auto bytes = file_.constant(op.node, tensor);
  const std::string name = file_.name(tensor);
  if (!bytes)
    refuse(op.node, fmt::format("its weights '{}' are not constant", name), "export the model with constant weights");
  const bool is_unsigned = t.type() == TensorType::UINT8;
  if (!is_unsigned && t.type() != TensorType::INT8) {
    refuse(op.node, fmt::format("its weights '{}' have the type {}", name, tflite::EnumNameTensorType(t.type())),
           kQuantizeTflite);
  }
  if (t.sparsity())
    refuse(op.node, fmt::format("its weights '{}' are stored sparsely", name), "convert the model without sparsity");
  for (uint8_t b : *bytes) layer.weights.push_back(static_cast<int8_t>(is_unsigned ? b ^ 0x80 : b));

  const auto* quantization = t.quantization();
  if (!quantization || !quantization->scale() || quantization->scale()->size() == 0) {
    refuse(op.node, fmt::format("its weights '{}' have no scale", name), kQuantizeTflite);
  }
  const auto& scales = *quantization->scale();
  layer.weight_scales.assign(scales.begin(), scales.end());
  const auto channels = static_cast<size_t>(layer.out_channels);
  if (scales.size() != 1 && (scales.size() != channels || quantization->quantized_dimension() != axis)) {
    refuse(op.node, fmt::format("its weights '{}' are not quantized per tensor or per output channel", name),
           kQuantizeTflite);
  }
  for (float scale : layer.weight_scales) {
    if (!(scale >= 0) || !std::isfinite(scale))
      refuse(op.node, fmt::format("its weights '{}' have the scale {}", name, scale), kQuantizeTflite);
  }
  const auto* zeros = quantization->zero_point();
  int64_t zero = zeros && zeros->size() > 0 ? zeros->Get(0) : 0;
  if (zeros && std::any_of(zeros->begin(), zeros->end(), [&](int64_t z) { return z != zero; })) {
    refuse(op.node, fmt::format("its weights '{}' have zero points that differ between channels", name),
           "quantize weights symmetrically");
  }
  zero -= is_unsigned ? 128 : 0;
  if (zero < -128 || zero > 127)
    refuse(op.node, fmt::format("its weights '{}' have a zero point out of range", name), kQuantizeTflite);
  layer.weight_zero = static_cast<int>(zero);
}

void TfliteReader::read_bias(const Operator& op, ConvLayer& layer) const {
  if (op.inputs.size() < 3 || op.inputs[2] < 0) return;
  if (file_.tensor(op.inputs[2]).type() != TensorType::INT32) {
    refuse(op.node, fmt::format("its bias '{}' is not int32", file_.name(op.inputs[2])), kQuantizeTflite);
  }
  for (int64_t b : file_.integers(op.node, op.inputs[2])) layer.bias.push_back(static_cast<int32_t>(b));
  if (layer.bias.size() != static_cast<size_t>(layer.out_channels)) {
    refuse(op.node,
           fmt::format("its bias has {} entries for {} output channels", layer.bias.size(), layer.out_channels),
           kIntactFile);
  }
}

template <typename Layer>
void TfliteReader::set_window(const Operator& op, Layer& layer, tflite::Padding padding) {
  const Value &input = network_.value(layer.input), &output = network_.value(layer.output);
  require_rank(op.node, input, 4);
  require_rank(op.node, output, 4);
  int dilation_h = 1, dilation_w = 1;
  if constexpr (requires { layer.dilation_h; }) {
    dilation_h = layer.dilation_h;
    dilation_w = layer.dilation_w;
  }
  WindowAxis h{input.dims[1], layer.kernel_h, layer.stride_h, dilation_h, 0, 0};
  WindowAxis w{input.dims[2], layer.kernel_w, layer.stride_w, dilation_w, 0, 0};
  for (WindowAxis* axis : {&h, &w}) {
    if (padding == tflite::Padding::SAME && axis->stride > 0) pad_same(*axis);
    check(op.node, *axis);
  }
  layer.padding = {.top = static_cast<int>(h.before),
                   .bottom = static_cast<int>(h.after),
                   .left = static_cast<int>(w.before),
                   .right = static_cast<int>(w.after)};
  const int64_t channels = output.dims[3];
  require_dims(op.node, output, {input.dims[0], h.output(), w.output(), channels});
}

void TfliteReader::read_conv(const Operator& op) {
  require_operands(op, 2, 3);
  const auto& o = options<tflite::Conv2DOptions>(op);
  ConvLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const std::vector<int64_t> filter = file_.dims(op.inputs[1]);  // output channel, h, w, input channel
  if (filter.size() != 4)
    refuse(op.node, fmt::format("its weights have the shape {}", join(filter)), "use four dimensions");
  element_count(op.node, filter);
  layer.out_channels = static_cast<int>(filter[0]);
  layer.kernel_h = static_cast<int>(filter[1]);
  layer.kernel_w = static_cast<int>(filter[2]);
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.dilation_h = o.dilation_h_factor();
  layer.dilation_w = o.dilation_w_factor();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  set_window(op, layer, o.padding());
  const int64_t channels = network_.value(layer.input).dims[3];
  if (channels % filter[3] != 0 || filter[0] % (channels / filter[3]) != 0 ||
      network_.value(layer.output).dims[3] != filter[0]) {
    refuse(op.node, fmt::format("weights of the shape {} do not fit {} input channels", join(filter), channels),
           kIntactFile);
  }
  layer.groups = static_cast<int>(channels / filter[3]);
  read_weights(op, op.inputs[1], 0, layer);
  read_bias(op, layer);
  layer.float_scale_product = file_.tensor(op.inputs[0]).type() == TensorType::UINT8;
  add(op, std::move(layer));
}

void TfliteReader::read_depthwise(const Operator& op) {
  require_operands(op, 2, 3);
  const auto& o = options<tflite::DepthwiseConv2DOptions>(op);
  ConvLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const std::vector<int64_t> filter = file_.dims(op.inputs[1]);  // 1, h, w, output channel
  if (filter.size() != 4 || filter[0] != 1)
    refuse(op.node, fmt::format("its weights have the shape {}", join(filter)), "use 1, h, w, channels");
  element_count(op.node, filter);
  layer.out_channels = static_cast<int>(filter[3]);
  layer.kernel_h = static_cast<int>(filter[1]);
  layer.kernel_w = static_cast<int>(filter[2]);
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.dilation_h = o.dilation_h_factor();
  layer.dilation_w = o.dilation_w_factor();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  set_window(op, layer, o.padding());
  const int64_t channels = network_.value(layer.input).dims[3];
  if (filter[3] % channels != 0 || network_.value(layer.output).dims[3] != filter[3]) {
    refuse(op.node, fmt::format("weights of the shape {} do not fit {} input channels", join(filter), channels),
           kIntactFile);
  }
  layer.groups = static_cast<int>(channels);
  read_weights(op, op.inputs[1], 3, layer);
  // h, w, channel becomes channel, h, w.
  const auto taps = static_cast<size_t>(filter[1] * filter[2]), outputs = static_cast<size_t>(filter[3]);
  const std::vector<int8_t> source = layer.weights;
  for (size_t t = 0; t < taps; ++t) {
    for (size_t c = 0; c < outputs; ++c) layer.weights[c * taps + t] = source[t * outputs + c];
  }
  read_bias(op, layer);
  layer.float_scale_product = file_.tensor(op.inputs[0]).type() == TensorType::UINT8;
  add(op, std::move(layer));
}

ValueId TfliteReader::as_matrix(const Operator& op, ValueId id, int64_t columns) {
  const Value& value = network_.value(id);
  const int64_t elements = element_count(op.node, value.dims);
  if (elements % columns != 0) {
    refuse(op.node,
           fmt::format("tensor '{}' of the shape {} does not divide into rows of {}", value.name, join(value.dims),
                       columns),
           kIntactFile);
  }
  const std::vector<int64_t> matrix{elements / columns, columns};
  if (memory_shape(op.node, value) == ir::Shape{1, 1, static_cast<int>(matrix[0]), static_cast<int>(columns)})
    return id;
  Value reshaped = value;
  reshaped.dims = matrix;
  reshaped.order = plain_order(2);
  return network_.add(std::move(reshaped));
}

void TfliteReader::read_fully_connected(const Operator& op) {
  require_operands(op, 2, 3);
  const auto& o = options<tflite::FullyConnectedOptions>(op);
  if (o.weights_format() != tflite::FullyConnectedOptionsWeightsFormat::DEFAULT) {
    refuse(op.node, "its weights are shuffled", "convert the model without shuffled weights");
  }
  const std::vector<int64_t> filter = file_.dims(op.inputs[1]);  // output, input
  if (filter.size() != 2)
    refuse(op.node, fmt::format("its weights have the shape {}", join(filter)), "use two dimensions");
  element_count(op.node, filter);
  const ValueId input = input_of(op, 0), output = output_of(op);
  ConvLayer layer{.input = as_matrix(op, input, filter[1]), .output = as_matrix(op, output, filter[0])};
  if (network_.value(layer.input).dims.size() == 2 && network_.value(layer.output).dims.size() == 2 &&
      network_.value(layer.input).dims[0] != network_.value(layer.output).dims[0]) {
    refuse(op.node, "its input and output have different numbers of rows", kIntactFile);
  }
  layer.out_channels = static_cast<int>(filter[0]);
  layer.is_matrix = true;
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  read_weights(op, op.inputs[1], 0, layer);
  read_bias(op, layer);
  layer.float_scale_product = layer.weight_scales.size() == 1;
  if (layer.input != input) add(op, ReshapeLayer{input, layer.input});
  const ValueId matrix = layer.output;
  add(op, std::move(layer));
  if (matrix != output) add(op, ReshapeLayer{matrix, output});
}

void TfliteReader::read_pool(const Operator& op) {
  require_operands(op, 1, 1);
  const auto& o = options<tflite::Pool2DOptions>(op);
  PoolLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  layer.kind = op.code == BuiltinOperator::MAX_POOL_2D ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  layer.kernel_h = o.filter_height();
  layer.kernel_w = o.filter_width();
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  layer.averages_unsigned = file_.tensor(op.inputs[0]).type() == TensorType::UINT8;
  set_window(op, layer, o.padding());
  const Value &input = network_.value(layer.input), &output = network_.value(layer.output);
  if (input.dims[3] != output.dims[3])
    refuse(op.node, "its input and output have different numbers of channels", kIntactFile);
  add(op, layer);
}

void TfliteReader::read_mean(const Operator& op) {
  require_operands(op, 2, 2);
  PoolLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  layer.kind = PoolLayer::Kind::Mean;
  const Value input = network_.value(layer.input);
  std::vector<int64_t> axes = file_.integers(op.node, op.inputs[1]);
  for (int64_t& axis : axes) axis += axis < 0 ? static_cast<int64_t>(input.dims.size()) : 0;
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  if (input.dims.size() != 4 || axes != std::vector<int64_t>{1, 2}) {
    refuse(op.node,
           fmt::format("the mean over the axes {} of the shape {} is not supported", join(axes), join(input.dims)),
           "take the mean over height and width of a four-dimensional tensor");
  }
  layer.kernel_h = static_cast<int>(input.dims[1]);
  layer.kernel_w = static_cast<int>(input.dims[2]);
  const Value output = network_.value(layer.output);
  const int64_t channels = input.dims[3];
  if (options<tflite::ReducerOptions>(op).keep_dims()) {
    require_dims(op.node, output, {input.dims[0], 1, 1, channels});
  } else {
    require_dims(op.node, output, {input.dims[0], channels});
  }
  add(op, layer);
}

void TfliteReader::read_eltwise(const Operator& op) {
  require_operands(op, 2, 2);
  EltwiseLayer layer{.a = input_of(op, 0), .b = input_of(op, 1), .output = output_of(op)};
  tflite::ActivationFunctionType activation{};
  if (op.code == BuiltinOperator::ADD) {
    activation = options<tflite::AddOptions>(op).fused_activation_function();
  } else if (op.code == BuiltinOperator::SUB) {
    layer.operation = isa::EltwiseOp::Sub;
    activation = options<tflite::SubOptions>(op).fused_activation_function();
  } else {
    layer.operation = isa::EltwiseOp::Mul;
    activation = options<tflite::MulOptions>(op).fused_activation_function();
  }
  layer.clamp = clamp_of(op.node, activation);
  const Value output = network_.value(layer.output);
  for (ValueId* operand : {&layer.a, &layer.b}) {
    const Value& value = network_.value(*operand);
    if (value.dims == output.dims || (value.constant && value.constant->size() == 1)) continue;
    auto repeated = broadcast(value, output.dims, output.order);
    if (!repeated) {
      refuse(op.node,
             fmt::format("operand '{}' of the shape {} is computed and would have to be repeated to {}", value.name,
                         join(value.dims), join(output.dims)),
             "give both operands the same shape");
    }
    Value full = value;
    full.dims = output.dims;
    full.order = output.order;
    full.constant = std::move(repeated);
    *operand = network_.add(std::move(full));
  }
  add(op, layer);
}

void TfliteReader::read_unary(const Operator& op) {
  require_operands(op, 1, 1);
  TableLayer layer{.input = input_of(op, 0), .output = output_of(op), .table = {}};
  const Value &x = network_.value(layer.input), &y = network_.value(layer.output);
  require_dims(op.node, y, x.dims);
  const legalize::UnaryScales scales{x.scale, y.scale, x.zero_point, y.zero_point};
  const double ratio = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  require_table_ratio(op.node, ratio);
  const auto clamped = [&](float low, float high) {
    const int from = std::clamp(legalize::tfl_quantized_bound(low, y.scale, y.zero_point), -128, 127);
    const int to =
        std::isinf(high) ? 127 : std::clamp(legalize::tfl_quantized_bound(high, y.scale, y.zero_point), from, 127);
    return legalize::tfl_rescale(scales, from, to);
  };
  switch (op.code) {
    case BuiltinOperator::LOGISTIC:
      if (y.scale != 1.0f / 256 || y.zero_point != -128)
        refuse(op.node, "its output must have scale 1/256 and zero point -128", kQuantizeTflite);
      require_table_ratio(op.node, static_cast<double>(x.scale) / 16);
      layer.table = legalize::tfl_logistic(scales);
      break;
    case BuiltinOperator::TANH:
      if (y.scale != 1.0f / 128 || y.zero_point != 0)
        refuse(op.node, "its output must have scale 1/128 and zero point 0", kQuantizeTflite);
      layer.table = legalize::tfl_tanh(scales);
      break;
    case BuiltinOperator::HARD_SWISH:
      if (const auto table = legalize::tfl_hard_swish(scales)) {
        layer.table = *table;
      } else {
        refuse(op.node, "its output scale is more than 128 times finer than its input scale",
               "quantize with a larger output range");
      }
      break;
    case BuiltinOperator::LEAKY_RELU: {
      const float alpha = options<tflite::LeakyReluOptions>(op).alpha();
      require_table_ratio(op.node, ratio * static_cast<double>(alpha));
      layer.table = legalize::tfl_leaky_relu(scales, alpha);
      break;
    }
    case BuiltinOperator::RELU:
      layer.table = clamped(0, std::numeric_limits<float>::infinity());
      break;
    case BuiltinOperator::RELU6:
      layer.table = clamped(0, 6);
      break;
    case BuiltinOperator::RELU_N1_TO_1:
      layer.table = clamped(-1, 1);
      break;
    default:
      layer.table = legalize::tfl_rescale(scales);
  }
  add(op, layer);
}

void TfliteReader::read_softmax(const Operator& op) {
  require_operands(op, 1, 1);
  SoftmaxLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  layer.beta = options<tflite::SoftmaxOptions>(op).beta();
  require_dims(op.node, network_.value(layer.output), network_.value(layer.input).dims);
  add(op, layer);
}

void TfliteReader::read_reshape(const Operator& op) {
  require_operands(op, 1, 2);
  const ReshapeLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const Value &x = network_.value(layer.input), &y = network_.value(layer.output);
  if (element_count(op.node, x.dims) != element_count(op.node, y.dims)) {
    refuse(op.node, fmt::format("it makes {} from {}", join(y.dims), join(x.dims)), kIntactFile);
  }
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse(op.node, "its input and output have different scales, which TFLite forbids", "convert the model again");
  }
  add(op, layer);
}

void TfliteReader::read_transpose(const Operator& op) {
  require_operands(op, 2, 2);
  const std::vector<int64_t> permutation = file_.integers(op.node, op.inputs[1]);
  const Value& x = network_.value(input_of(op, 0));
  std::vector<int> order;
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i) || sorted.size() != x.dims.size())
      refuse(op.node, "its permutation is not one", kIntactFile);
    order.push_back(static_cast<int>(permutation[i]));
  }
  if (!same_layout(x.dims, order, plain_order(order.size()))) {
    refuse(op.node, fmt::format("the permutation {} of the shape {} moves data", join(permutation), join(x.dims)),
           "only move axes of size one");
  }
  Operator reshape = op;
  reshape.inputs.resize(1);
  read_reshape(reshape);
}

void TfliteReader::read_pad(const Operator& op) {
  require_operands(op, 2, 3);
  PadLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  const Value &x = network_.value(layer.input), &y = network_.value(layer.output);
  require_rank(op.node, x, 4);
  const std::vector<int64_t> amounts = file_.integers(op.node, op.inputs[1]);
  if (amounts.size() != 8)
    refuse(op.node, "it does not name an amount before and after for each of four axes", kIntactFile);
  for (int64_t amount : amounts) {
    if (amount < 0 || amount > 65535)
      refuse(op.node, fmt::format("the padding {} is out of range", amount), "use 0 to 65535");
  }
  if (amounts[0] != 0 || amounts[1] != 0 || amounts[6] != 0 || amounts[7] != 0) {
    refuse(op.node, "it pads batch or channels", "pad height and width only");
  }
  layer.padding = {.top = static_cast<int>(amounts[2]),
                   .bottom = static_cast<int>(amounts[3]),
                   .left = static_cast<int>(amounts[4]),
                   .right = static_cast<int>(amounts[5])};
  require_dims(op.node, y,
               {x.dims[0], x.dims[1] + amounts[2] + amounts[3], x.dims[2] + amounts[4] + amounts[5], x.dims[3]});
  if (x.scale != y.scale || x.zero_point != y.zero_point) {
    refuse(op.node, "its input and output have different scales, which TFLite forbids", "convert the model again");
  }
  layer.value = x.zero_point;
  if (op.inputs.size() == 3 && op.inputs[2] >= 0) {
    const Value& constant = network_.value(input_of(op, 2));
    if (!constant.constant || constant.constant->size() != 1)
      refuse(op.node, "its padding value is not a constant", "pad with a constant");
    layer.value = constant.constant->front();
  }
  add(op, layer);
}

}  // namespace zahl::frontend
