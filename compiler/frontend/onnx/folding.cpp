#include "compiler/frontend/onnx/folding.h"

#include <algorithm>

#include "compiler/frontend/onnx/constants.h"
#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {
namespace {

using Dims = std::optional<std::vector<int64_t>>;

// Of a result without a scale yet: its moves tell their dimensions by being made.
std::vector<int64_t> dims_of(const OnnxContext& c, const Pending& pending) {
  OnnxContext scratch(c.graph);
  ValueId moved = scratch.network.add(pending.output);
  for (const Move& move : pending.moves) moved = apply(scratch, move, moved);
  return scratch.network.value(moved).dims;
}

// Nothing where nobody has read the tensor, unless the file states them.
Dims dims_of(const OnnxContext& c, const std::string& name) {
  if (const OnnxTensor* tensor = c.constant(name)) return tensor->dims;
  if (const auto value = c.bytes.find(name); value != c.bytes.end())
    return c.network.value(value->second).dims;
  if (const auto port = c.byte_inputs.find(name); port != c.byte_inputs.end())
    return port->second->dims;
  const auto real = c.floats.find(name);
  if (real == c.floats.end()) {
    const auto stated = c.graph.shapes.find(name);
    return stated == c.graph.shapes.end() ? std::nullopt : Dims(stated->second);
  }
  if (const auto* value = std::get_if<Quantized>(&real->second))
    return c.network.value(value->value).dims;
  if (const auto* function = std::get_if<Function>(&real->second))
    return c.network.value(function->root).dims;
  if (const auto* weights = std::get_if<QuantizedConstant>(&real->second))
    return weights->tensor->dims;
  const auto* pending = std::get_if<Pending>(&real->second);
  return pending ? Dims(dims_of(c, *pending)) : std::nullopt;
}

}  // namespace

bool becomes_constant(OnnxContext& c, const OnnxNode& node) {
  std::vector<OnnxTensor> values =
      fold(c.graph, node, [&](const std::string& tensor) { return dims_of(c, tensor); });
  for (size_t i = 0; i < std::min(values.size(), node.outputs()); ++i) {
    const auto [at, is_new] = c.graph.constants.emplace(node.output(i), std::move(values[i]));
    if (is_new && at->second.is_float())
      c.floats.insert_or_assign(node.output(i), FloatConstant{&at->second});
  }
  return !values.empty();
}

}  // namespace zahl::frontend
