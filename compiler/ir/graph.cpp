#include "compiler/ir/graph.h"

#include <algorithm>

namespace zahl::ir {

const std::string& name_of(const Graph& graph, const GraphPort& port) {
  return port.name.empty() ? graph.tensors[port.tensor].name : port.name;
}

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

std::optional<std::vector<int>> chosen_channels(const Move& move, const Shape& input,
                                                const Shape& output) {
  const int pixels = input.n * input.h * input.w;
  if (input.n != output.n || input.h != output.h || input.w != output.w) return std::nullopt;
  std::vector<Move::Axis> axes = simplified(move).axes;
  if (pixels > 1) {
    if (axes.front() != Move::Axis{pixels, input.c}) return std::nullopt;
    axes.erase(axes.begin());
  }
  std::vector<int> channels = {0};
  for (const Move::Axis& axis : axes) {
    std::vector<int> finer;
    for (int channel : channels) {
      for (int i = 0; i < axis.size; ++i)
        finer.push_back(channel + static_cast<int>(i * axis.step));
    }
    channels = std::move(finer);
  }
  for (int& channel : channels) channel += static_cast<int>(move.offset);
  const bool fits =
      std::all_of(channels.begin(), channels.end(), [&](int c) { return c >= 0 && c < input.c; });
  return fits ? std::optional(channels) : std::nullopt;
}

}  // namespace zahl::ir
