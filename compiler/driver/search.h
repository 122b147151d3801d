// Looks for the scheduler's choices that give the best program, by measuring whole programs.
#pragma once

#include <functional>
#include <string_view>

#include "compiler/ir/graph.h"
#include "contract/program.h"

namespace zahl::compiler {

// What a program costs, exactly; less is better. The compiler does not know the machine's time: who
// calls it does.
using Measure = std::function<double(const Program&)>;

struct Search {
  enum class Effort {
    None,       // the choices by rule
    Groups,     // the best of a few sets of choices
    Neighbours  // besides, each choice by itself, from the best on, as long as one helps
  };
  Effort effort = Effort::None;
  Measure measure{};  // of the objective; not needed for Effort::None
};

// The best program found; of equals the first, which is the one by rule. Throws UserError where
// that cannot be made; choices under which a layer does not fit are passed over. REQUIRES:
// ir::verify(graph) is empty.
Program search_program(const ir::Graph& graph, const hw::Config& config, const Search& search);

}  // namespace zahl::compiler
