// What nobody reads goes. Keeps every output bit, and the graph valid.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// Drops nodes whose result nobody reads, and tensors that no node and no port names.
void prune(ir::Graph& graph);

}  // namespace zahl::rewrite
