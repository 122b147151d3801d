// The graph as steps for one machine.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/schedule/memory_plan.h"
#include "compiler/schedule/step.h"

namespace zahl::schedule {

struct Schedule {
  MemoryPlan plan;
  std::vector<Step> steps;
  std::vector<uint8_t> data;  // constants, at `data_address` of DRAM
  int64_t data_address = 0;
};

// Throws UserError where a layer does not fit the machine, naming the node.
// `plan` is plan_memory of the same.
Schedule schedule_graph(const ir::Graph& graph, const hw::Config& config, MemoryPlan plan);

}  // namespace zahl::schedule
