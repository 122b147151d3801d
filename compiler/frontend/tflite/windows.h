// Sliding windows and fused activations.
#pragma once

#include "compiler/frontend/tflite/context.h"

namespace zahl::frontend {

// The real bounds of a fused activation.
Clamp clamp_of(const NodeName& node, tflite::ActivationFunctionType activation);

// Sets the padding of a ConvLayer or PoolLayer with its kernel, strides and dilations; checks that
// the output has the shape that follows.
template <typename Layer>
void set_window(const TfliteContext& c, const TfliteFile::Operator& op, Layer& layer,
                tflite::Padding padding);

}  // namespace zahl::frontend
