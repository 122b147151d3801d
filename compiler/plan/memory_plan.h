// Decides where every tensor lives (homes.h), by a search for the workspaces that move the fewest
// bytes.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/plan/homes.h"
#include "compiler/plan/options.h"
#include "generated/isa.h"

namespace zahl::plan {

MemoryPlan plan_memory(const ir::Graph& graph, const hw::Config& config,
                       const Options& options = {});

}  // namespace zahl::plan
