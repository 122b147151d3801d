// The graph as steps for one machine.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/lower/step.h"
#include "compiler/plan/homes.h"

namespace zahl::lower {

struct Schedule {
  std::vector<Step> steps;
  std::vector<uint8_t> data;  // constants, at `data_address` of DRAM
  int64_t data_address = 0;
};

// Throws UserError where a layer does not fit the machine, naming the node.
// `plan` is plan::plan_memory of the same.
Schedule schedule_graph(const ir::Graph& graph, const hw::Config& config,
                        const plan::MemoryPlan& plan);

}  // namespace zahl::lower
