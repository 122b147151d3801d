// Constant folding: what exporters write to compute shapes, axes, sizes and masks, done while the
// file is read. Integers wrap nowhere (a value that does not fit is not folded) and floats are
// float32, as ONNX Runtime has both.
#pragma once

#include <functional>

#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {

// Of a tensor that is computed; nothing where nobody knows them.
using DimsOf = std::function<std::optional<std::vector<int64_t>>(const std::string& tensor)>;

// The outputs of a node that is constant; empty where it is none, or is no kind that is folded.
std::vector<OnnxTensor> fold(const OnnxGraph& graph, const OnnxNode& node, const DimsOf& dims_of);

// Nodes that need no dimensions of computed tensors become constants.
void fold_constants(OnnxGraph& graph);

// Element by element, operands repeated by numpy's rules (constant_arithmetic.cpp).
std::optional<OnnxTensor> fold_elements(const OnnxNode& node,
                                        const std::vector<const OnnxTensor*>& operands);

// `dims` of both by numpy's rules.
std::optional<std::vector<int64_t>> broadcast_dims(const std::vector<int64_t>& a,
                                                   const std::vector<int64_t>& b);
// Repeated to dimensions that it fits.
OnnxTensor repeated(const OnnxTensor& x, const std::vector<int64_t>& dims);

// Elements of a shape; nothing where they are more than a constant is made of.
std::optional<int64_t> folded_elements(const std::vector<int64_t>& dims);

}  // namespace zahl::frontend
