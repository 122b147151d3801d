#include "compiler/frontend/onnx/context.h"

#include <fmt/format.h>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;

bool OnnxContext::wants_channels_last(const std::string& tensor) const {
  for (const OnnxNode& node : graph.nodes) {
    if (node.input(0) != tensor) continue;
    if (node.type() == "Transpose" && node.integers("perm", {}) == std::vector<int64_t>{0, 3, 1, 2})
      return true;
    const bool is_notation = node.type() == "QuantizeLinear" || node.type() == "DequantizeLinear" ||
                             node.type() == "Cast";
    if (is_notation && node.output() != tensor && wants_channels_last(node.output())) return true;
  }
  return false;
}

void OnnxContext::set_pending(const OnnxNode& node, LayerKind kind, std::vector<int64_t> dims,
                              std::vector<int> order) {
  element_count(node.name(), dims);
  Value output;
  output.name = node.output();
  output.dims = std::move(dims);
  output.order = std::move(order);
  Pending pending{.layer = std::make_shared<const Layer>(Layer{node.name(), std::move(kind)}),
                  .output = std::move(output),
                  .clamp = {},
                  .names = {node.name().name},
                  .moves = {}};
  floats.insert_or_assign(node.output(), std::move(pending));
}

ValueId OnnxContext::feature_map(const OnnxNode& node, size_t input) {
  const ValueId id = value_of(node, input);
  const Value& value = network.value(id);
  if (value.dims.size() != 3 && value.dims.size() != 4) {
    refuse<kFeatureMap>(node.name(), value.name, join(value.dims));
  }
  return in_memory_order(network, node.name(), id, channels_first(value.dims.size()));
}

const OnnxTensor* OnnxContext::constant(const std::string& name) const {
  const auto it = graph.constants.find(name);
  return it == graph.constants.end() ? nullptr : &it->second;
}

std::optional<std::vector<int64_t>> OnnxContext::integers(const OnnxNode& node, size_t input,
                                                          const char* attribute) const {
  if (node.has(attribute)) return node.integers(attribute, {});
  if (node.input(input).empty()) return std::nullopt;
  const OnnxTensor* tensor = constant(node.input(input));
  if (!tensor || tensor->is_float()) {
    refuse<kConstantIntegers>(node.name(), node.input(input));
  }
  return tensor->integers;
}

const Meaning& OnnxContext::meaning_of(const OnnxNode& node, size_t input) const {
  const auto it = floats.find(node.input(input));
  if (it == floats.end()) {
    refuse<kComputedBefore>(node.name(), input, node.input(input));
  }
  return it->second;
}

ValueId OnnxContext::value_of(const OnnxNode& node, size_t input) const {
  const Meaning& meaning = meaning_of(node, input);
  if (const auto* value = std::get_if<Quantized>(&meaning)) return value->value;
  if (std::holds_alternative<FloatConstant>(meaning) ||
      std::holds_alternative<QuantizedConstant>(meaning)) {
    refuse<kComputedOperand>(node.name(), node.input(input));
  }
  refuse<kQuantizedInput>(node.name(), node.input(input));
}

const QuantizedConstant& OnnxContext::weights_of(const OnnxNode& node, size_t input) const {
  const Meaning& meaning = meaning_of(node, input);
  if (const auto* weights = std::get_if<QuantizedConstant>(&meaning)) return *weights;
  if (std::holds_alternative<FloatConstant>(meaning)) {
    refuse<kQuantizedWeights>(node.name(), node.input(input));
  }
  refuse<kConstantWeights>(node.name(), node.input(input));
}

}  // namespace zahl::frontend
