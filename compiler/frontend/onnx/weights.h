// Constants on the scale of the layer that uses them.
#pragma once

#include "compiler/frontend/onnx/context.h"

namespace zahl::frontend {

// Weights as int8 with their zero point and scales; quantized along `axis` where there are several.
void read_weights(const OnnxNode& node, const QuantizedConstant& constant, int axis,
                  ConvLayer& layer);
void add_bias(OnnxContext& c, const OnnxNode& node, const Meaning& bias, ConvLayer& layer);
// An Add of a constant vector to a product that is not yet quantized is its bias; false where it is
// something else.
bool read_added_bias(OnnxContext& c, const OnnxNode& node);

}  // namespace zahl::frontend
