// How little a network's data can cross the DRAM boundary, whatever the schedule.
#pragma once

#include "compiler/ir/graph.h"
#include "contract/program.h"

namespace zahl::ir {

// Weights and biases of one node, as the network has them.
int64_t weight_bytes(const Operation& operation);

// The bounds of docs/report.md for a scratchpad of `scratchpad_bytes`. REQUIRES: ir::verify(graph)
// is empty.
LeastTraffic least_traffic(const Graph& graph, int64_t scratchpad_bytes);

}  // namespace zahl::ir
