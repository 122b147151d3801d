// The back half of the recipe: from an integer graph to a program.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/plan/options.h"
#include "contract/program.h"

namespace zahl::compiler {

// With the scheduler's choices as given. Throws UserError where a layer does not fit the machine.
// REQUIRES: ir::verify(graph) is empty.
Program compile_graph(const ir::Graph& graph, const hw::Config& config,
                      const plan::Options& options = {});

}  // namespace zahl::compiler
