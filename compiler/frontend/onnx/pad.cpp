// Pad commutes with quantization: what stands in the padding is a byte of the input's scale.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

ValueId apply_pad(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  if (c.network.value(id).dims.size() == 4)
    id = in_memory_order(c.network, node.name(), id, kChannelsFirst);
  const Value input = c.network.value(id);
  if (node.text("mode", "constant") != "constant") {
    refuse<kPadConstant>(node.name(), node.text("mode", ""));
  }
  const auto amounts = c.integers(node, 1, "pads");
  const size_t rank = input.dims.size();
  if (rank != 4 || input.order != kChannelsFirst || !amounts || amounts->size() != 8 ||
      !node.input(3).empty()) {
    refuse<kPadMap>(node.name());
  }
  for (size_t i = 0; i < amounts->size(); ++i) {
    const int64_t amount = (*amounts)[i];
    if (amount < 0 || amount > 65535 || (amount != 0 && i % 4 < 2)) {
      refuse<kPadAmounts>(node.name(), join(*amounts));
    }
  }
  const OnnxTensor* constant_value = node.input(2).empty() ? nullptr : c.constant(node.input(2));
  float real = node.real("value", 0);
  if (constant_value)
    real = constant_value->floats.size() == 1 ? constant_value->floats.front() : real;
  if (!node.input(2).empty() && !constant_value) {
    const Meaning& meaning = c.meaning_of(node, 2);
    const auto* dequantized = std::get_if<QuantizedConstant>(&meaning);
    if (!dequantized || dequantized->tensor->integers.size() != 1) refuse<kPadValue>(node.name());
    real = static_cast<float>(dequantized->tensor->integers[0] - dequantized->zero_points[0]) *
           dequantized->scales[0];
  }
  PadLayer layer{.input = id, .output = -1};
  layer.padding = {.top = static_cast<int>((*amounts)[2]),
                   .bottom = static_cast<int>((*amounts)[6]),
                   .left = static_cast<int>((*amounts)[3]),
                   .right = static_cast<int>((*amounts)[7])};
  // Anything below the lowest byte, -infinity too, is the lowest byte.
  const float q = real / input.scale + static_cast<float>(input.zero_point);
  layer.value = q != q ? input.zero_point
                       : static_cast<int>(std::clamp(q < 0 ? q - 0.5f : q + 0.5f, -128.0f, 127.0f));
  Value output = input;
  output.name = node.output();
  output.dims[2] += (*amounts)[2] + (*amounts)[6];
  output.dims[3] += (*amounts)[3] + (*amounts)[7];
  layer.output = c.network.add(std::move(output));
  c.network.layers.push_back({node.name(), layer});
  return layer.output;
}

constexpr OnnxOperator kRows[] = {
    {"Pad", read_move, "a part of the operator that reads it", kPadRules, apply_pad},
};

}  // namespace

std::span<const OnnxOperator> onnx_pad_operators() { return kRows; }

}  // namespace zahl::frontend
