#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

const std::vector<OnnxOperator>& onnx_operators() {
  static const std::vector<OnnxOperator> kAll = [] {
    std::vector<OnnxOperator> all;
    for (const auto kind :
         {onnx_notation_operators(), onnx_window_operators(), onnx_matrix_operators(),
          onnx_eltwise_operators(), onnx_function_operators(), onnx_move_operators(),
          onnx_span_operators(), onnx_pad_operators(), onnx_resize_operators()})
      all.insert(all.end(), kind.begin(), kind.end());
    return all;
  }();
  return kAll;
}

const OnnxOperator* find_operator(const OnnxNode& node) {
  const bool is_standard = node.domain().empty() || node.domain() == "ai.onnx";
  const bool is_microsoft = node.domain() == "com.microsoft";
  for (const OnnxOperator& op : onnx_operators()) {
    if (op.type == node.type() && (is_standard || (is_microsoft && op.is_microsoft))) return &op;
  }
  return nullptr;
}

void refuse_operator(const OnnxNode& node) {
  refuse(node.name(), "the operator is not supported", "replace it, or cut the model before it");
}

}  // namespace zahl::frontend
