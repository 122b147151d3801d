// The last step: instructions, constants and the host's boundary as a program image.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/lower/schedule.h"
#include "compiler/plan/homes.h"
#include "contract/program.h"

namespace zahl::compiler {

// Throws UserError, naming the node, where an instruction field cannot hold what the layer needs.
Program program_image(const ir::Graph& graph, const hw::Config& config,
                      const plan::MemoryPlan& plan, const lower::Schedule& schedule,
                      std::vector<lower::Planned> sequence);

}  // namespace zahl::compiler
