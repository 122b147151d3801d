// Tables move into the layer before them. Keeps every output bit, and the graph valid.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// A Lookup that alone reads a requantizing node's result moves into that node: as its clamp where
// the table is one, else as its table.
void fuse(ir::Graph& graph);

}  // namespace zahl::rewrite
