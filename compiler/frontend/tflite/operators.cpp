#include "compiler/frontend/tflite/operators.h"

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

}  // namespace zahl::frontend
