// From a model file to a program: the whole compiler as one recipe.
#pragma once

#include <string>
#include <vector>

#include "compiler/driver/search.h"
#include "compiler/frontend/network/model_file.h"
#include "contract/program.h"

namespace zahl::compiler {

// Throws UserError: one sentence with node, operator, reason and what would work. What was taken
// for granted about the file goes to `notes`.
Program compile_model(const frontend::ModelFile& model, const hw::Config& config,
                      const Search& search = {}, std::vector<std::string>* notes = nullptr);

}  // namespace zahl::compiler
