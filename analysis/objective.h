// What the compiler is to make small, measured on whole programs: cycles by the model, the rest
// from the instructions.
#pragma once

#include <string>

#include "analysis/energy.h"
#include "compiler/driver/search.h"

namespace zahl::analysis {

// `objective` is cycles, dram or energy; `optimise` is default or max. Of programs that are equal
// in the objective, the one that takes fewer cycles counts as better. The rule of the default
// serves cycles, so that these are searched for with max alone.
compiler::Search make_search(const std::string& objective, const std::string& optimise,
                             const MemoryConfig& memory, const EnergyTable& energy);

}  // namespace zahl::analysis
