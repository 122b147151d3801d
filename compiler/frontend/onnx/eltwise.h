// Add, Sub and Mul of two computed operands.
#pragma once

#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

using Binary = float (*)(float, float);

// The node as a function of one byte; false where its operands are no functions of the same bytes.
bool read_binary(OnnxContext& c, const OnnxNode& node, Binary of);

void read_eltwise(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op);

}  // namespace zahl::frontend
