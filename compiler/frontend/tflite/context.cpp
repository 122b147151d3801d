#include "compiler/frontend/tflite/context.h"

#include <fmt/format.h>

#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;

using tflite::TensorType;

void refuse_type(const NodeName& node, const std::string& tensor, TensorType type) {
  switch (type) {
    case TensorType::FLOAT32:
    case TensorType::FLOAT16:
    case TensorType::BFLOAT16:
    case TensorType::FLOAT64:
      refuse<kQuantized>(node, tensor);
    case TensorType::INT16:
      refuse<kNoInt16>(node, tensor);
    default:
      refuse<kByteTensor>(node, tensor, tflite::EnumNameTensorType(type));
  }
}

void TfliteContext::require_operands(const Operator& op, size_t minimum, size_t maximum) const {
  if (op.inputs.size() < minimum || op.inputs.size() > maximum || op.outputs.size() != 1) {
    refuse<kOperands>(op.node, op.inputs.size(), op.outputs.size());
  }
  for (size_t i = 0; i < minimum; ++i) {
    if (op.inputs[i] < 0) refuse<kOperandPresent>(op.node);
  }
}

ValueId TfliteContext::value_of(const NodeName& node, int tensor) {
  if (const auto known = values.find(tensor); known != values.end()) return known->second;
  const tflite::Tensor& t = file.tensor(tensor);
  if (t.type() != TensorType::INT8 && t.type() != TensorType::UINT8)
    refuse_type(node, file.name(tensor), t.type());
  const auto* quantization = t.quantization();
  if (!quantization || !quantization->scale() || !quantization->zero_point() ||
      quantization->scale()->size() != 1 || quantization->zero_point()->size() != 1) {
    refuse<kOneScale>(node, file.name(tensor));
  }
  const bool is_unsigned = t.type() == TensorType::UINT8;
  const float scale = quantization->scale()->Get(0);
  const int64_t zero_point = quantization->zero_point()->Get(0) - (is_unsigned ? 128 : 0);
  if (!std::isnormal(scale) || scale < 0 || zero_point < -128 || zero_point > 127) {
    refuse<kScaleInRange>(node, file.name(tensor), scale, quantization->zero_point()->Get(0));
  }
  Value value;
  value.name = file.name(tensor);
  value.dims = file.dims(tensor);
  element_count(node, value.dims);
  value.order = plain_order(value.dims.size());
  value.scale = scale;
  value.zero_point = static_cast<int>(zero_point);
  value.is_unsigned = is_unsigned;
  if (const auto bytes = file.constant(node, tensor)) {
    value.constant.emplace();
    for (uint8_t b : *bytes)
      value.constant->push_back(static_cast<int8_t>(is_unsigned ? b ^ 0x80 : b));
  }
  return values[tensor] = network.add(std::move(value));
}

ValueId TfliteContext::in_order(const NodeName& node, ValueId id) {
  return in_memory_order(network, node, id, plain_order(network.value(id).dims.size()));
}

}  // namespace zahl::frontend
