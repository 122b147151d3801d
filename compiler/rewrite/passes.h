// Passes from graph to graph. Each keeps every output bit, and keeps the graph valid.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// What two bytes make is a function of one byte where both come from the same tensor through
// tables: SiLU written as x * sigmoid(x), a table after a table. Such nodes become one Lookup.
void compose(ir::Graph& graph);

// A Lookup that alone reads a requantizing node's result moves into that node: as its clamp where
// the table is one, else as its table.
void fuse(ir::Graph& graph);

// Concatenations and slices along the channels that need not move a byte: a convolution sums over
// the parts of a concatenation, an operator that works channel by channel is done part by part, a
// convolution of which only slices are read becomes one a slice, a slice of a concatenation is the
// part. What remains is for the scheduler to copy.
void arrange(ir::Graph& graph);

// Drops nodes whose result nobody reads, and tensors that no node and no port names.
void prune(ir::Graph& graph);

}  // namespace zahl::rewrite
