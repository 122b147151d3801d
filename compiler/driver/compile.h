// From a model file to a program: the whole compiler as one recipe.
#pragma once

#include <filesystem>

#include "compiler/driver/search.h"
#include "compiler/ir/graph.h"
#include "compiler/schedule/options.h"
#include "zahl/program.h"

namespace zahl::compiler {

// Throws UserError: one sentence with node, operator, reason and what would work.
Program compile_model(const std::filesystem::path& model, const hw::Config& config, const Search& search = {});
// The part after the frontend, with the scheduler's choices as given. REQUIRES: ir::verify(graph) is empty.
Program compile_graph(const ir::Graph& graph, const hw::Config& config, const schedule::Options& options = {});

}  // namespace zahl::compiler
