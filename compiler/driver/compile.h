// From a model file to a program: the whole compiler as one recipe.
#pragma once

#include <filesystem>

#include "compiler/ir/graph.h"
#include "zahl/program.h"

namespace zahl::compiler {

// Throws UserError: one sentence with node, operator, reason and what would work.
Program compile_model(const std::filesystem::path& model, const hw::Config& config);
// The part after the frontend. REQUIRES: ir::verify(graph) is empty.
Program compile_graph(const ir::Graph& graph, const hw::Config& config);

}  // namespace zahl::compiler
