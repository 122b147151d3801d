// Where in the order of layers the convolution on a shortcut runs: at the start of its block, as
// files have it, or at the end, right before the convolution whose result it is combined with.
// Early, its result must be kept while the block runs; late, the block's input must.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// The graph with every such convolution as late as it can be.
ir::Graph with_late_shortcuts(const ir::Graph& graph);

}  // namespace zahl::rewrite
