#include "compiler/frontend/tflite/operators.h"

#include "compiler/frontend/tflite/read.h"

namespace zahl::frontend {

const std::vector<TfliteOperator>& tflite_operators() {
  static const std::vector<TfliteOperator> kAll = [] {
    std::vector<TfliteOperator> all;
    for (const auto kind :
         {tflite_notation_operators(), tflite_convolution_operators(), tflite_pool_operators(),
          tflite_eltwise_operators(), tflite_function_operators(), tflite_move_operators(),
          tflite_pad_operators()})
      all.insert(all.end(), kind.begin(), kind.end());
    return all;
  }();
  return kAll;
}

const TfliteOperator* find_operator(tflite::BuiltinOperator code) {
  for (const TfliteOperator& op : tflite_operators()) {
    if (op.code == code) return &op;
  }
  return nullptr;
}

void read(TfliteContext& c, const TfliteFile::Operator& op, const TfliteOperator& row) {
  try {
    row.read(c, op);
  } catch (Refusal& refusal) {
    refusal.look_up(row.rules);
    throw;
  }
}

std::vector<OperatorLine> lines_of_tflite() {
  std::vector<OperatorLine> lines;
  for (const auto& op : tflite_operators())
    lines.push_back({tflite::EnumNameBuiltinOperator(op.code), std::string(op.becomes), op.rules});
  return lines;
}

}  // namespace zahl::frontend
