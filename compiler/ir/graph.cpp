#include "compiler/ir/graph.h"

namespace zahl::ir {

std::vector<TensorId> inputs_of(const Operation& operation) {
  std::vector<TensorId> ids;
  for_each_tensor(operation, [&](TensorId id) { ids.push_back(id); });
  ids.pop_back();  // the output
  return ids;
}

TensorId output_of(const Operation& operation) {
  return std::visit([](const auto& op) { return op.output; }, operation);
}

Move simplified(const Move& move) {
  Move result{move.input, move.output, move.offset, {}};
  for (const Move::Axis& axis : move.axes) {
    if (axis.size == 1) continue;
    if (!result.axes.empty() && result.axes.back().step == axis.step * axis.size) {
      result.axes.back() = {result.axes.back().size * axis.size, axis.step};
    } else {
      result.axes.push_back(axis);
    }
  }
  if (result.axes.empty()) result.axes.push_back({1, 1});
  return result;
}

std::optional<int> channel_slice(const Move& move, const Shape& input, const Shape& output) {
  const bool same_pixels = input.n == output.n && input.h == output.h && input.w == output.w;
  if (!same_pixels || move.offset + output.c > input.c) return std::nullopt;
  const int pixels = input.n * input.h * input.w;
  const Move slice{move.input, move.output, move.offset, {{pixels, input.c}, {output.c, 1}}};
  if (simplified(slice).axes != simplified(move).axes) return std::nullopt;
  return static_cast<int>(move.offset);
}

}  // namespace zahl::ir
