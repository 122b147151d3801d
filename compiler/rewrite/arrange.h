// Concatenations and slices that need not move a byte. Keeps every output bit, and the graph valid.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// Concatenations and slices along the channels that need not move a byte: a convolution sums over
// the parts of a concatenation, an operator that works channel by channel is done part by part, a
// convolution of which only slices are read becomes one a slice, a slice of a concatenation is the
// part. What remains is for the scheduler to copy.
void arrange(ir::Graph& graph);

}  // namespace zahl::rewrite
