// From a model file to a program: the whole compiler as one recipe.
#pragma once

#include <filesystem>

#include "compiler/driver/search.h"
#include "contract/program.h"

namespace zahl::compiler {

// Throws UserError: one sentence with node, operator, reason and what would work.
Program compile_model(const std::filesystem::path& model, const hw::Config& config,
                      const Search& search = {});

}  // namespace zahl::compiler
