#include "compiler/frontend/tflite/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/arithmetic/tflite_table.h"
#include "compiler/frontend/tflite/read.h"

namespace zahl::frontend {
namespace {

using tflite::BuiltinOperator;
using tflite::TensorType;

bool is_byte(TensorType type) { return type == TensorType::INT8 || type == TensorType::UINT8; }

[[noreturn]] void refuse_type(const NodeName& node, const std::string& tensor, TensorType type) {
  switch (type) {
    case TensorType::FLOAT32:
    case TensorType::FLOAT16:
    case TensorType::BFLOAT16:
    case TensorType::FLOAT64:
      refuse(node, fmt::format("tensor '{}' is floating point", tensor), kQuantizeTflite);
    case TensorType::INT16:
      refuse(node, fmt::format("tensor '{}' has 16-bit activations", tensor), kQuantizeTflite);
    default:
      refuse(node,
             fmt::format("tensor '{}' has the type {}", tensor, tflite::EnumNameTensorType(type)),
             kQuantizeTflite);
  }
}

}  // namespace

Network read_tflite(std::span<const uint8_t> bytes, std::vector<LeftInFloat>* left) {
  const TfliteFile file(bytes);
  return TfliteReader(file, left).read();
}

Network TfliteReader::read() {
  network_.format = "tflite";
  network_.arithmetic = Arithmetic::Tflite;
  read_inputs();
  for (const Operator& op : file_.operators()) left_ ? read_or_leave(op) : read_operator(op);
  left_ ? leave_outputs() : read_outputs();
  return std::move(network_);
}

void TfliteReader::read_inputs() {
  for (int index : file_.inputs()) {
    const NodeName node{file_.name(index), "graph input"};
    const TensorType type = file_.tensor(index).type();
    ir::HostView view{
        .type = ir::HostView::Type::Float32, .shape = file_.dims(index), .channels_first = false};
    if (type == TensorType::FLOAT32) {
      float_ports_[index] = view;  // its QUANTIZE makes the port
      continue;
    }
    if (!is_byte(type)) refuse_type(node, file_.name(index), type);
    view.type = type == TensorType::UINT8 ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
    network_.inputs.push_back({value_of(node, index), view, file_.name(index)});
  }
}

void TfliteReader::read_outputs() {
  for (int index : file_.outputs()) {
    const NodeName node{file_.name(index), "graph output"};
    const TensorType type = file_.tensor(index).type();
    ir::HostView view{
        .type = ir::HostView::Type::Float32, .shape = file_.dims(index), .channels_first = false};
    const auto known = values_.find(index);
    if (known == values_.end())
      refuse(node, "no operator computes it",
             "use an intact file as written by the TFLite converter");
    if (type != TensorType::FLOAT32)
      view.type = type == TensorType::UINT8 ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
    network_.outputs.push_back({in_order(node, known->second), view, file_.name(index)});
  }
  if (network_.inputs.empty()) {
    refuse("no QUANTIZE operator reads the floating-point graph input: this is a float model",
           kQuantizeTflite);
  }
}

void TfliteReader::require_operands(const Operator& op, size_t minimum, size_t maximum) const {
  if (op.inputs.size() < minimum || op.inputs.size() > maximum || op.outputs.size() != 1) {
    refuse(op.node,
           fmt::format("it has {} inputs and {} outputs", op.inputs.size(), op.outputs.size()),
           "use an intact file as written by the TFLite converter");
  }
  for (size_t i = 0; i < minimum; ++i) {
    if (op.inputs[i] < 0)
      refuse(op.node, "a required input is absent",
             "use an intact file as written by the TFLite converter");
  }
}

ValueId TfliteReader::value_of(const NodeName& node, int tensor) {
  if (const auto known = values_.find(tensor); known != values_.end()) return known->second;
  const tflite::Tensor& t = file_.tensor(tensor);
  if (!is_byte(t.type())) refuse_type(node, file_.name(tensor), t.type());
  const auto* quantization = t.quantization();
  if (!quantization || !quantization->scale() || !quantization->zero_point() ||
      quantization->scale()->size() != 1 || quantization->zero_point()->size() != 1) {
    refuse(
        node,
        fmt::format("tensor '{}' does not have one scale and one zero point", file_.name(tensor)),
        kQuantizeTflite);
  }
  const bool is_unsigned = t.type() == TensorType::UINT8;
  const float scale = quantization->scale()->Get(0);
  const int64_t zero_point = quantization->zero_point()->Get(0) - (is_unsigned ? 128 : 0);
  if (!std::isnormal(scale) || scale < 0 || zero_point < -128 || zero_point > 127) {
    refuse(node,
           fmt::format("tensor '{}' has scale {} and zero point {}", file_.name(tensor), scale,
                       quantization->zero_point()->Get(0)),
           kQuantizeTflite);
  }
  Value value;
  value.name = file_.name(tensor);
  value.dims = file_.dims(tensor);
  element_count(node, value.dims);
  value.order = plain_order(value.dims.size());
  value.scale = scale;
  value.zero_point = static_cast<int>(zero_point);
  value.is_unsigned = is_unsigned;
  if (const auto bytes = file_.constant(node, tensor)) {
    value.constant.emplace();
    for (uint8_t b : *bytes)
      value.constant->push_back(static_cast<int8_t>(is_unsigned ? b ^ 0x80 : b));
  }
  return values_[tensor] = network_.add(std::move(value));
}

void TfliteReader::read_operator(const Operator& op) {
  switch (op.code) {
    case BuiltinOperator::CONV_2D:
      return read_conv(op);
    case BuiltinOperator::DEPTHWISE_CONV_2D:
      return read_depthwise(op);
    case BuiltinOperator::FULLY_CONNECTED:
      return read_fully_connected(op);
    case BuiltinOperator::AVERAGE_POOL_2D:
    case BuiltinOperator::MAX_POOL_2D:
      return read_pool(op);
    case BuiltinOperator::MEAN:
      return read_mean(op);
    case BuiltinOperator::ADD:
    case BuiltinOperator::SUB:
    case BuiltinOperator::MUL:
      return read_eltwise(op);
    case BuiltinOperator::LOGISTIC:
    case BuiltinOperator::TANH:
    case BuiltinOperator::HARD_SWISH:
    case BuiltinOperator::LEAKY_RELU:
    case BuiltinOperator::RELU:
    case BuiltinOperator::RELU6:
    case BuiltinOperator::RELU_N1_TO_1:
      return read_unary(op);
    case BuiltinOperator::SOFTMAX:
      return read_softmax(op);
    case BuiltinOperator::RESHAPE:
    case BuiltinOperator::SQUEEZE:
    case BuiltinOperator::EXPAND_DIMS:
      return read_reshape(op);
    case BuiltinOperator::TRANSPOSE:
      return read_transpose(op);
    case BuiltinOperator::CONCATENATION:
      return read_concatenation(op);
    case BuiltinOperator::SPLIT:
    case BuiltinOperator::SPLIT_V:
      return read_split(op);
    case BuiltinOperator::SLICE:
      return read_slice(op);
    case BuiltinOperator::STRIDED_SLICE:
      return read_strided_slice(op);
    case BuiltinOperator::RESIZE_NEAREST_NEIGHBOR:
      return read_resize(op);
    case BuiltinOperator::DEPTH_TO_SPACE:
    case BuiltinOperator::SPACE_TO_DEPTH:
      return read_blocks(op);
    case BuiltinOperator::PAD:
    case BuiltinOperator::PADV2:
      return read_pad(op);
    case BuiltinOperator::QUANTIZE:
      return read_quantize(op);
    case BuiltinOperator::DEQUANTIZE:
      return read_dequantize(op);
    default:
      break;
  }
  for (int index : op.inputs) {  // a float model is refused as one, whatever its operators are
    if (index >= 0 && file_.tensor(index).type() == TensorType::FLOAT32)
      refuse_type(op.node, file_.name(index), TensorType::FLOAT32);
  }
  refuse(op.node, "the operator is not supported", "replace it, or cut the model before it");
}

void TfliteReader::read_quantize(const Operator& op) {
  require_operands(op, 1, 1);
  const int source = op.inputs.front();
  if (const auto port = float_ports_.find(source); port != float_ports_.end()) {
    network_.inputs.push_back({output_of(op), port->second, file_.name(source)});
    float_ports_.erase(port);  // a second QUANTIZE of it is refused as floating point
    return;
  }
  const ValueId input = input_of(op, 0);
  // A change between uint8 and int8 alone is the same byte re-labelled.
  const ValueId output = output_of(op);
  const Value &x = network_.value(input), &y = network_.value(output);
  if (x.scale == y.scale && x.zero_point == y.zero_point && x.dims == y.dims) {
    values_[op.outputs.front()] = input;
    return;
  }
  read_unary(op);
}

void TfliteReader::read_dequantize(const Operator& op) {
  require_operands(op, 1, 1);
  const ValueId input = input_of(op, 0);
  const auto outputs = file_.outputs();
  if (std::ranges::find(outputs, op.outputs.front()) == outputs.end()) {
    refuse(op.node, "the model goes on in floating point after it", kQuantizeTflite);
  }
  values_[op.outputs.front()] = input;
}

}  // namespace zahl::frontend
