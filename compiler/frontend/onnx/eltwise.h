// Add, Sub and Mul of two computed operands.
#pragma once

#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

void read_eltwise(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op);

}  // namespace zahl::frontend
