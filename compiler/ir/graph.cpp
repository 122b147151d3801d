#include "compiler/ir/graph.h"

namespace zahl::ir {

std::vector<TensorId> inputs_of(const Operation& operation) {
  return std::visit(
      [](const auto& op) -> std::vector<TensorId> {
        if constexpr (std::is_same_v<std::decay_t<decltype(op)>, Eltwise>) {
          return {op.a, op.b};
        } else {
          return {op.input};
        }
      },
      operation);
}

TensorId output_of(const Operation& operation) {
  return std::visit([](const auto& op) { return op.output; }, operation);
}

}  // namespace zahl::ir
