// Windows over a whole map.
#pragma once

#include "compiler/frontend/onnx/context.h"

namespace zahl::frontend {

// The node is the maximum (GlobalMaxPool) or mean of each channel of a map. REQUIRES: one image
// where the dimensions are not kept.
void set_global_pool(OnnxContext& c, const OnnxNode& node, bool keeps_dims);

}  // namespace zahl::frontend
