#include "compiler/frontend/onnx/operators.h"

#include "compiler/frontend/onnx/read.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

const std::vector<OnnxOperator>& onnx_operators() {
  static const std::vector<OnnxOperator> kAll = [] {
    std::vector<OnnxOperator> all;
    for (const auto kind :
         {onnx_notation_operators(), onnx_window_operators(), onnx_reduction_operators(),
          onnx_matrix_operators(), onnx_eltwise_operators(), onnx_function_operators(),
          onnx_several_operators(), onnx_move_operators(), onnx_span_operators(),
          onnx_pad_operators(), onnx_resize_operators()})
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

void read(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  try {
    op.read(c, node, op);
  } catch (Refusal& refusal) {
    refusal.look_up(op.rules);
    throw;
  }
}

ValueId apply(OnnxContext& c, const Move& move, ValueId value) {
  try {
    return move.op->move(c, move, value);
  } catch (Refusal& refusal) {
    refusal.look_up(move.op->rules);
    throw;
  }
}

std::vector<OperatorLine> lines_of_onnx() {
  std::vector<OperatorLine> lines;
  for (const auto& op : onnx_operators())
    lines.push_back({std::string(op.type), std::string(op.becomes), op.rules});
  for (const auto& [type, meaning] : meanings_of_qoperators())
    lines.push_back(
        {type, "`" + meaning + "` between `DequantizeLinear` and `QuantizeLinear`", {}});
  lines.push_back({"NhwcMaxPool", "`MaxPool`, its channels last", {}});
  return lines;
}

}  // namespace zahl::frontend
