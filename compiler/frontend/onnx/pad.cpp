// Pad commutes with quantization: what stands in the padding is a byte of the input's scale.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/frontend/network/pieces.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

Beyond beyond_of(const OnnxNode& node) {
  static const std::map<std::string, Beyond> kModes = {{"constant", Beyond::Filling},
                                                       {"edge", Beyond::Edge},
                                                       {"reflect", Beyond::Reflect},
                                                       {"wrap", Beyond::Wrap}};
  const std::string mode = node.text("mode", "constant");
  const auto known = kModes.find(mode);
  if (known == kModes.end()) refuse<kPadMode>(node.name(), mode);
  return known->second;
}

// Amounts before and behind each axis.
std::vector<std::pair<int64_t, int64_t>> amounts_of(OnnxContext& c, const OnnxNode& node,
                                                    const std::vector<int64_t>& dims) {
  const auto rank = static_cast<int64_t>(dims.size());
  const auto amounts = c.integers(node, 1, "pads");
  auto axes = node.input(3).empty() ? std::nullopt : c.integers(node, 3, "axes");
  if (!axes) {
    axes.emplace();
    for (int64_t axis = 0; axis < rank; ++axis) axes->push_back(axis);
  }
  if (!amounts || amounts->size() != 2 * axes->size()) refuse<kPadOfEachAxis>(node.name());
  std::vector<std::pair<int64_t, int64_t>> result(dims.size());
  for (size_t i = 0; i < axes->size(); ++i) {
    const size_t axis = axis_of(node, (*axes)[i], dims.size());
    result[axis] = {(*amounts)[i], (*amounts)[i + axes->size()]};
    const auto [before, behind] = result[axis];
    const auto is_in_range = [](int64_t n) { return n >= -kMostPadding && n <= kMostPadding; };
    if (!is_in_range(before) || !is_in_range(behind) || dims[axis] + before + behind < 1)
      refuse<kPadAmounts>(node.name(), join(*amounts), join(dims));
  }
  return result;
}

// The map itself where only its height and width grow: a convolution may take that over.
ValueId pad_map(OnnxContext& c, const OnnxNode& node, ValueId id,
                const std::vector<std::pair<int64_t, int64_t>>& amounts, int8_t byte) {
  id = in_memory_order(c.network, node.name(), id, kChannelsFirst);
  PadLayer layer{.input = id, .output = -1};
  layer.padding = {.top = static_cast<int>(amounts[2].first),
                   .bottom = static_cast<int>(amounts[2].second),
                   .left = static_cast<int>(amounts[3].first),
                   .right = static_cast<int>(amounts[3].second)};
  layer.value = byte;
  Value output = c.network.value(id);
  output.name = node.output();
  for (size_t axis : {size_t{2}, size_t{3}})
    output.dims[axis] += amounts[axis].first + amounts[axis].second;
  element_count(node.name(), output.dims);
  layer.output = c.network.add(std::move(output));
  c.network.layers.push_back({node.name(), layer});
  return layer.output;
}

ValueId apply_pad(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const Beyond beyond = beyond_of(node);
  const Value input = c.network.value(id);
  const auto amounts = amounts_of(c, node, input.dims);
  const int8_t byte = quantized(move.filling, input.scale, input.zero_point);
  const auto stays = [&](size_t axis) {
    return amounts[axis].first == 0 && amounts[axis].second == 0;
  };
  const auto grows = [&](size_t axis) {
    return amounts[axis].first >= 0 && amounts[axis].second >= 0;
  };
  if (beyond == Beyond::Filling && amounts.size() == 4 && stays(0) && stays(1) && grows(2) &&
      grows(3))
    return stays(2) && stays(3) ? id : pad_map(c, node, id, amounts, byte);
  for (size_t axis = 0; axis < amounts.size(); ++axis) {
    if (stays(axis)) continue;
    std::vector<int64_t> dims = c.network.value(id).dims;
    const std::vector<int64_t> indices =
        padded_indices(dims[axis], amounts[axis].first, amounts[axis].second, beyond);
    if (indices.empty()) refuse<kPadAmounts>(node.name(), join({}), join(dims));
    dims[axis] = static_cast<int64_t>(indices.size());
    element_count(node.name(), dims);
    id = gathered(c.network, node.name(), id, axis, indices, node.output(), byte);
  }
  return id;
}

// The number in the padding; of bytes, what the byte stands for.
float filling_of(OnnxContext& c, const OnnxNode& node) {
  const auto bytes = c.bytes.find(node.input(0));
  const OnnxTensor* constant = node.input(2).empty() ? nullptr : c.constant(node.input(2));
  if (bytes != c.bytes.end()) {
    const Value& value = c.network.value(bytes->second);
    if (!node.input(2).empty() && (!constant || constant->integers.size() != 1))
      refuse<kPadValue>(node.name());
    const int64_t byte = constant ? constant->integers[0] : 0;
    return dequantized(static_cast<int>(byte - (value.is_unsigned ? 128 : 0)), value);
  }
  if (node.input(2).empty()) return node.real("value", 0);
  if (constant && constant->floats.size() == 1) return constant->floats[0];
  const auto meaning = c.floats.find(node.input(2));
  const auto* dequantizes =
      meaning == c.floats.end() ? nullptr : std::get_if<QuantizedConstant>(&meaning->second);
  if (!dequantizes || dequantizes->tensor->integers.size() != 1) refuse<kPadValue>(node.name());
  return static_cast<float>(dequantizes->tensor->integers[0] - dequantizes->zero_points[0]) *
         dequantizes->scales[0];
}

// Whether maximum pools are all that reads the tensor, and none of their windows sees nothing but
// padding: for them the lowest byte is as good as any lower number.
bool goes_to_maximum(OnnxContext& c, const OnnxNode& pad, const std::vector<int64_t>& dims) {
  const auto amounts = amounts_of(c, pad, dims);
  bool is_read = false;
  for (const OnnxNode& node : c.graph.nodes) {
    for (size_t i = 0; i < node.inputs(); ++i) {
      if (node.input(i) != pad.output()) continue;
      const std::vector<int64_t> kernel = node.integers("kernel_shape", {});
      if (node.type() != "MaxPool" || kernel.size() + 2 != dims.size()) return false;
      const std::vector<int64_t> own =
          node.integers("pads", std::vector<int64_t>(2 * kernel.size(), 0));
      for (size_t k = 0; k < kernel.size(); ++k) {
        const auto [before, behind] = amounts[k + 2];
        if (own.size() != 2 * kernel.size() || before + own[k] >= kernel[k] ||
            behind + own[k + kernel.size()] >= kernel[k])
          return false;
      }
      is_read = true;
    }
  }
  return is_read;
}

void read_pad(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const bool fills = beyond_of(node) == Beyond::Filling;
  const float filling = fills ? filling_of(c, node) : 0;
  const auto meaning = c.floats.find(node.input(0));
  const auto* input =
      meaning == c.floats.end() ? nullptr : std::get_if<Quantized>(&meaning->second);
  if (fills && input && !c.bytes.contains(node.input(0))) {
    const Value& value = c.network.value(input->value);
    const int8_t byte = quantized(filling, value.scale, value.zero_point);
    const float real = dequantized(byte, value);
    const bool is_far_below = filling < real && byte == -128;
    if (real != filling && !(is_far_below && goes_to_maximum(c, node, value.dims))) {
      // No byte of the input's scale: it waits for the scale of what follows.
      Function waits = function_of(c, input->value);
      waits.moves.push_back({&node, &op, 0, filling});
      c.floats.insert_or_assign(node.output(), std::move(waits));
      return;
    }
  }
  read_filled_move(c, node, op, filling);
}

constexpr OnnxOperator kRows[] = {
    {"Pad", read_pad, "a part of the operator that reads it, or a concatenation", kPadRules,
     apply_pad},
};

}  // namespace

std::span<const OnnxOperator> onnx_pad_operators() { return kRows; }

}  // namespace zahl::frontend
