// Constants on the scale of the layer that uses them.
#pragma once

#include "compiler/frontend/onnx/context.h"

namespace zahl::frontend {

// Weights as int8 with their zero point and scales; quantized along `axis` where there are several.
// Where a byte cannot hold them (zero points or scales that differ in other ways), bytes whose sum
// they are.
std::vector<std::vector<int8_t>> read_weights(const OnnxNode& node,
                                              const QuantizedConstant& constant, int axis,
                                              ConvLayer& layer);
// Gives the layer these, in its own order; where they have several parts it reads each channel of
// its input as often, one after another.
void set_weights(OnnxContext& c, const OnnxNode& node,
                 const std::vector<std::vector<int8_t>>& parts, size_t channel_axis,
                 const std::vector<int>& order, ConvLayer& layer);
void add_bias(OnnxContext& c, const OnnxNode& node, const Meaning& bias, ConvLayer& layer);
// An Add of a constant vector to a product that is not yet quantized is its bias; false where it is
// something else.
bool read_added_bias(OnnxContext& c, const OnnxNode& node);

}  // namespace zahl::frontend
