// The exponentials and the output factor of ir::Softmax.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::arithmetic {

// As TFLite's integer kernel has them: the output scale is 1/256 and the zero point -128.
// False where input_scale * beta is too small for the kernel (2^-26 or less).
bool tfl_softmax(float input_scale, float beta, ir::Softmax& softmax);

// From the real function, for ONNX: round(exp(-d * input_scale) * 2^31). False where output_scale
// does not fit.
bool nearest_softmax(double input_scale, double output_scale, ir::Softmax& softmax);

}  // namespace zahl::arithmetic
