// What the operators of a TFLite file share while it is read: the value of each tensor, and the
// network that is being built. Operators are free functions of it (operators.h).
#pragma once

#include <map>

#include "compiler/frontend/tflite/file.h"

namespace zahl::frontend {

struct TfliteContext {
  using Operator = TfliteFile::Operator;

  explicit TfliteContext(const TfliteFile& tflite) : file(tflite) {}

  // Refuses an operator with another number of inputs, or with more than one output.
  void require_operands(const Operator& op, size_t minimum, size_t maximum) const;
  // The quantized value of a tensor; made on first use. Refuses types other than int8 and uint8, by
  // the type's own sentence.
  ValueId value_of(const NodeName& node, int tensor);
  // An operand with its bytes in the order of its axes.
  ValueId input_of(const Operator& op, size_t index) {
    return in_order(op.node, value_of(op.node, op.inputs[index]));
  }
  ValueId in_order(const NodeName& node, ValueId value);
  ValueId output_of(const Operator& op) { return value_of(op.node, op.outputs.front()); }
  void add(const Operator& op, LayerKind kind) {
    network.layers.push_back({op.node, std::move(kind)});
  }

  const TfliteFile& file;
  Network network{};
  std::map<int, ValueId> values{};
  std::map<int, std::vector<int64_t>> integers{};  // computed from shapes (shapes.h)
  std::map<int, ir::HostView> float_ports{};       // float tensors at the edges
};

// Refuses a type that no value has, in its own sentence.
[[noreturn]] void refuse_type(const NodeName& node, const std::string& tensor,
                              tflite::TensorType type);

}  // namespace zahl::frontend
