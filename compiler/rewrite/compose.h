// Functions of functions of one byte become one. Keeps every output bit, and the graph valid.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// What two bytes make is a function of one byte where both come from the same tensor through
// tables: SiLU written as x * sigmoid(x), a table after a table. Such nodes become one Lookup.
void compose(ir::Graph& graph);

}  // namespace zahl::rewrite
