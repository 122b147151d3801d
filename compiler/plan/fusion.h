// Decides which layers run together (fusions.h).
#pragma once

#include <cstdint>
#include <functional>

#include "compiler/ir/graph.h"
#include "compiler/plan/fusions.h"
#include "compiler/plan/options.h"
#include "generated/isa.h"

namespace zahl::plan {

Fusions find_followers(const ir::Graph& graph);

// Adds chains over results of more than `smallest_bytes`, those for which `is_striped` says of a
// result between two of their layers that it would go through DRAM.
void add_chains(const ir::Graph& graph, const hw::Config& config, int64_t smallest_bytes,
                const Options& options, const std::function<bool(ir::TensorId)>& is_striped,
                Fusions& fusions);

}  // namespace zahl::plan
