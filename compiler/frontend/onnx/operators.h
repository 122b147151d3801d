// The table of ONNX operators: what reads each. The rows stand where their functions do, in the
// file of their kind; the walk over a graph (reader.h) knows the table alone.
#pragma once

#include "compiler/frontend/onnx/context.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

struct OnnxOperator {
  std::string_view type;
  // Gives each output of the node a meaning, or refuses.
  void (*read)(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op);
  std::string_view becomes;  // on the device
  RuleList rules;            // by which it may refuse a node
  // Of nodes that only rearrange: one output, made of a value with bytes.
  ValueId (*move)(OnnxContext& c, const Move& move, ValueId value) = nullptr;
  bool is_microsoft = false;  // in the domain com.microsoft as well
  bool adds = false;          // `move` adds what no clamp has seen
};

// By kind.
std::span<const OnnxOperator> onnx_notation_operators();
std::span<const OnnxOperator> onnx_window_operators();
std::span<const OnnxOperator> onnx_reduction_operators();
std::span<const OnnxOperator> onnx_matrix_operators();
std::span<const OnnxOperator> onnx_eltwise_operators();
std::span<const OnnxOperator> onnx_function_operators();
std::span<const OnnxOperator> onnx_several_operators();
std::span<const OnnxOperator> onnx_move_operators();
std::span<const OnnxOperator> onnx_span_operators();
std::span<const OnnxOperator> onnx_pad_operators();
std::span<const OnnxOperator> onnx_resize_operators();

// All rows, in the order of the kinds.
const std::vector<OnnxOperator>& onnx_operators();

// Null where no row has the node's type and domain.
const OnnxOperator* find_operator(const OnnxNode& node);

// The row's functions; a refusal that is by none of its rules is marked (Refusal::is_listed).
void read(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op);
ValueId apply(OnnxContext& c, const Move& move, ValueId value);

}  // namespace zahl::frontend
