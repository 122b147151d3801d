// The end of a layer: the scale that a QuantizeLinear gives to what stands before it.
#pragma once

#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

struct Scaling {
  float scale = 1;
  int zero_point = 0;  // of the int8 form
  bool is_unsigned = false;
};

// The layer's result on this scale, its moves applied.
ValueId finish(OnnxContext& c, const OnnxNode& node, const Pending& pending,
               const Scaling& scaling);

// An operator that takes quantized bytes as they are: its result has the scale of its inputs, and
// `read` reads the rest. False where its first input is no such tensor.
bool read_on_bytes(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op,
                   void (*read)(OnnxContext&, const OnnxNode&, const OnnxOperator&));

// A byte as a number, and the byte nearest to a number, as the two nodes compute them.
float dequantized(int q, const Value& value);
int8_t quantized(float real, float scale, int zero_point);

// Clip, or Relu, of quantized bytes or of constant ones, as integers; false where the input is
// neither.
bool clip_bytes(OnnxContext& c, const OnnxNode& node);

// The bytes of a graph input, a port from then on.
ValueId byte_input(OnnxContext& c, const std::string& input, const Scaling& scaling);

// The value as a function of its own bytes.
Function function_of(const OnnxContext& c, ValueId value);

// The function's result on this scale.
ValueId table_of(OnnxContext& c, const OnnxNode& node, const Function& function,
                 const Scaling& scaling);

}  // namespace zahl::frontend
