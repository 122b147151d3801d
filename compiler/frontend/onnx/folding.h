// Nodes that turn out to be constant while a graph is read.
#pragma once

#include "compiler/frontend/onnx/context.h"

namespace zahl::frontend {

// Whether the node is constant once the dimensions of computed tensors are known; its outputs are
// constants from then on.
bool becomes_constant(OnnxContext& c, const OnnxNode& node);

}  // namespace zahl::frontend
