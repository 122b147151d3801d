// Which tensors share a home: a reshape is an address, and an element-by-element result may take
// the place of an operand that nobody reads afterwards.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/fusions.h"

namespace zahl::plan {

// The tensor whose home it shares, itself mostly.
ir::Indexed<ir::TensorId, ir::TensorId> find_roots(const ir::Graph& graph, const Fusions& fusions);

}  // namespace zahl::plan
