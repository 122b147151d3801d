// Pools and element-by-element operators of TfliteReader, one function each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/arithmetic/tflite_table.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/reader.h"

namespace zahl::frontend {
namespace {

using tflite::BuiltinOperator;
using tflite::TensorType;

// The factors of tables stay far from overflowing TFLite's left shift of a 9-bit value.
void require_table_ratio(const NodeName& node, double ratio) {
  if (!std::isfinite(ratio) || std::abs(ratio) >= 4194304.0) {
    refuse(node, fmt::format("the ratio of its scales, {}, is out of range", ratio),
           "quantize with a larger output range");
  }
}

}  // namespace

void TfliteReader::read_pool(const Operator& op) {
  require_operands(op, 1, 1);
  const auto& o = options_of<tflite::Pool2DOptions>(op);
  PoolLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  layer.kind =
      op.code == BuiltinOperator::MAX_POOL_2D ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  layer.kernel_h = o.filter_height();
  layer.kernel_w = o.filter_width();
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  layer.averages_unsigned = file_.tensor(op.inputs[0]).type() == TensorType::UINT8;
  set_window(op, layer, o.padding());
  const Value &input = network_.value(layer.input), &output = network_.value(layer.output);
  if (input.dims[3] != output.dims[3])
    refuse(op.node, "its input and output have different numbers of channels", kIntactTflite);
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
           fmt::format("the mean over the axes {} of the shape {} is not supported", join(axes),
                       join(input.dims)),
           "take the mean over height and width of a four-dimensional tensor");
  }
  layer.kernel_h = static_cast<int>(input.dims[1]);
  layer.kernel_w = static_cast<int>(input.dims[2]);
  const Value output = network_.value(layer.output);
  const int64_t channels = input.dims[3];
  if (options_of<tflite::ReducerOptions>(op).keep_dims()) {
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
    activation = options_of<tflite::AddOptions>(op).fused_activation_function();
  } else if (op.code == BuiltinOperator::SUB) {
    layer.operation = isa::EltwiseOp::Sub;
    activation = options_of<tflite::SubOptions>(op).fused_activation_function();
  } else {
    layer.operation = isa::EltwiseOp::Mul;
    activation = options_of<tflite::MulOptions>(op).fused_activation_function();
  }
  layer.clamp = clamp_of(op.node, activation);
  const Value output = network_.value(layer.output);
  for (ValueId* operand : {&layer.a, &layer.b}) {
    const Value& value = network_.value(*operand);
    if (value.dims == output.dims || (value.constant && value.constant->size() == 1)) continue;
    const auto view =
        value.constant ? std::nullopt : broadcast(view_of(network_, *operand), output.dims);
    if (view) {
      const Value like = value;
      *operand = in_order(op.node, add_view(network_, op.node, like, like.name, *view));
      continue;
    }
    auto repeated = broadcast(value, output.dims, output.order);
    if (!repeated) {
      refuse(op.node,
             fmt::format("operand '{}' of the shape {} cannot be repeated to {}", value.name,
                         join(value.dims), join(output.dims)),
             kIntactTflite);
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
  const arithmetic::UnaryScales scales{x.scale, y.scale, x.zero_point, y.zero_point};
  const double ratio = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  require_table_ratio(op.node, ratio);
  const auto clamped = [&](float low, float high) {
    const int from =
        std::clamp(arithmetic::tfl_quantized_bound(low, y.scale, y.zero_point), -128, 127);
    const int to =
        std::isinf(high)
            ? 127
            : std::clamp(arithmetic::tfl_quantized_bound(high, y.scale, y.zero_point), from, 127);
    return arithmetic::tfl_rescale(scales, from, to);
  };
  switch (op.code) {
    case BuiltinOperator::LOGISTIC:
      if (y.scale != 1.0f / 256 || y.zero_point != -128)
        refuse(op.node, "its output must have scale 1/256 and zero point -128", kQuantizeTflite);
      require_table_ratio(op.node, static_cast<double>(x.scale) / 16);
      layer.table = arithmetic::tfl_logistic(scales);
      break;
    case BuiltinOperator::TANH:
      if (y.scale != 1.0f / 128 || y.zero_point != 0)
        refuse(op.node, "its output must have scale 1/128 and zero point 0", kQuantizeTflite);
      layer.table = arithmetic::tfl_tanh(scales);
      break;
    case BuiltinOperator::HARD_SWISH:
      if (const auto table = arithmetic::tfl_hard_swish(scales)) {
        layer.table = *table;
      } else {
        refuse(op.node, "its output scale is more than 128 times finer than its input scale",
               "quantize with a larger output range");
      }
      break;
    case BuiltinOperator::LEAKY_RELU: {
      const float alpha = options_of<tflite::LeakyReluOptions>(op).alpha();
      require_table_ratio(op.node, ratio * static_cast<double>(alpha));
      layer.table = arithmetic::tfl_leaky_relu(scales, alpha);
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
      layer.table = arithmetic::tfl_rescale(scales);
  }
  add(op, layer);
}

void TfliteReader::read_softmax(const Operator& op) {
  require_operands(op, 1, 1);
  SoftmaxLayer layer{.input = input_of(op, 0), .output = output_of(op)};
  layer.beta = options_of<tflite::SoftmaxOptions>(op).beta();
  require_dims(op.node, network_.value(layer.output), network_.value(layer.input).dims);
  add(op, layer);
}

}  // namespace zahl::frontend
