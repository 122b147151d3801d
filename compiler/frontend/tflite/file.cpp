#include "compiler/frontend/tflite/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

size_t element_bytes(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType::INT8:
    case tflite::TensorType::UINT8:
    case tflite::TensorType::BOOL:
      return 1;
    case tflite::TensorType::INT16:
    case tflite::TensorType::UINT16:
    case tflite::TensorType::FLOAT16:
    case tflite::TensorType::BFLOAT16:
      return 2;
    case tflite::TensorType::INT32:
    case tflite::TensorType::UINT32:
    case tflite::TensorType::FLOAT32:
      return 4;
    case tflite::TensorType::INT64:
    case tflite::TensorType::UINT64:
    case tflite::TensorType::FLOAT64:
      return 8;
    default:
      return 0;
  }
}

std::string operator_name(const tflite::OperatorCode& code, tflite::BuiltinOperator builtin) {
  if (builtin == tflite::BuiltinOperator::CUSTOM && code.custom_code())
    return code.custom_code()->str();
  const char* name = tflite::EnumNameBuiltinOperator(builtin);
  return *name ? name : fmt::format("operator {}", static_cast<int>(builtin));
}

}  // namespace

TfliteFile::TfliteFile(std::span<const uint8_t> bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!tflite::VerifyModelBuffer(verifier))
    refuse("the TFLite file is damaged or cut short", kIntactTflite);
  model_ = tflite::GetModel(bytes.data());
  if (!model_->subgraphs() || !model_->operator_codes() || !model_->buffers())
    refuse("the TFLite file holds no graph", kIntactTflite);
  if (model_->subgraphs()->size() != 1) {
    refuse(fmt::format("the TFLite file holds {} subgraphs", model_->subgraphs()->size()),
           "export a model with one subgraph, without control flow");
  }
  subgraph_ = model_->subgraphs()->Get(0);
  if (!subgraph_->tensors() || !subgraph_->operators())
    refuse("the TFLite file holds no operators", kIntactTflite);
  for (uint32_t i = 0; i < subgraph_->tensors()->size(); ++i) {
    if (tensor(static_cast<int>(i)).buffer() >= model_->buffers()->size())
      refuse("a tensor names a buffer that does not exist", kIntactTflite);
  }
  inputs_ = indices(subgraph_->inputs(), false);
  outputs_ = indices(subgraph_->outputs(), false);
  if (inputs_.empty() || outputs_.empty())
    refuse("the TFLite graph has no inputs or no outputs", kIntactTflite);
  for (const tflite::Operator* raw : *subgraph_->operators()) {
    if (raw->opcode_index() >= model_->operator_codes()->size())
      refuse("an operator names a code that does not exist", kIntactTflite);
    const tflite::OperatorCode& code = *model_->operator_codes()->Get(raw->opcode_index());
    Operator op;
    // Files from before the code outgrew a byte use the deprecated field; new ones fill both.
    op.code = std::max(code.builtin_code(),
                       static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code()));
    op.inputs = indices(raw->inputs(), true);
    op.outputs = indices(raw->outputs(), false);
    op.raw = raw;
    op.node = {op.outputs.empty() ? "?" : name(op.outputs.front()), operator_name(code, op.code)};
    operators_.push_back(std::move(op));
  }
}

std::vector<int> TfliteFile::indices(const flatbuffers::Vector<int32_t>* list,
                                     bool may_be_absent) const {
  std::vector<int> result;
  if (!list) return result;
  for (int32_t index : *list) {
    if (index >= tensor_count() || index < (may_be_absent ? -1 : 0))
      refuse("an operator or port names a tensor that does not exist", kIntactTflite);
    result.push_back(index);
  }
  return result;
}

std::string TfliteFile::name(int index) const {
  const auto* name = tensor(index).name();
  return name && name->size() > 0 ? name->str() : fmt::format("tensor {}", index);
}

std::vector<int64_t> TfliteFile::dims(int index) const {
  const auto* shape = tensor(index).shape();
  if (!shape) return {};
  return {shape->begin(), shape->end()};
}

std::optional<std::span<const uint8_t>> TfliteFile::constant(const NodeName& node,
                                                             int index) const {
  const tflite::Tensor& t = tensor(index);
  const auto* data = model_->buffers()->Get(t.buffer())->data();
  if (t.buffer() == 0 || !data || data->size() == 0) return std::nullopt;
  const size_t width = element_bytes(t.type());
  if (width == 0) {
    refuse<kConstantType>(node, name(index), tflite::EnumNameTensorType(t.type()));
  }
  if (static_cast<size_t>(element_count(node, dims(index))) * width != data->size()) {
    refuse<kConstantFilled>(node, name(index));
  }
  return std::span<const uint8_t>(data->data(), data->size());
}

std::vector<int64_t> TfliteFile::integers(const NodeName& node, int index) const {
  const auto bytes = constant(node, index);
  const tflite::TensorType type = tensor(index).type();
  if (!bytes || (type != tflite::TensorType::INT32 && type != tflite::TensorType::INT64)) {
    refuse<kConstantIntegers>(node, name(index));
  }
  std::vector<int64_t> result;
  const size_t width = element_bytes(type);
  for (size_t i = 0; i < bytes->size(); i += width) {
    int64_t value = 0;
    int32_t narrow = 0;
    if (width == 8) {
      std::memcpy(&value, bytes->data() + i, 8);
    } else {
      std::memcpy(&narrow, bytes->data() + i, 4);
      value = narrow;
    }
    result.push_back(value);
  }
  return result;
}

}  // namespace zahl::frontend
