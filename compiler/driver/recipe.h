// The compiler as a recipe: the list of its passes, in order. docs/compiler.md is the same list for
// people; tests/guard/test_tree.py compares the two.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/network/model_file.h"
#include "compiler/frontend/network/network.h"
#include "compiler/ir/graph.h"
#include "compiler/lower/schedule.h"
#include "compiler/plan/homes.h"
#include "compiler/plan/options.h"
#include "contract/program.h"

namespace zahl::compiler {

// What passes from pass to pass. Each pass reads what those before it have left.
struct Compilation {
  // Given: the file, the machine, the scheduler's choices.
  frontend::ModelFile file;
  hw::Config config{};
  plan::Options options{};
  // With it, nodes that cannot run on integers are listed here instead of refused.
  std::vector<frontend::LeftInFloat>* left = nullptr;
  // With it, what was taken for granted about the file is told here.
  std::vector<std::string>* notes = nullptr;

  frontend::Network network{};
  ir::Graph graph{};
  plan::MemoryPlan plan{};
  lower::Schedule schedule{};
  std::vector<lower::Planned> sequence{};  // instructions in program order
  Program program{};
};

struct Pass {
  std::string_view name;
  std::string_view room;  // folder of the sources, from the root
  void (*run)(Compilation&);
};

// From the file to the integer graph: what `zahl explain` shows and the certificate's levels 1 and
// 5 judge.
std::span<const Pass> reading_passes();
// From the integer graph to the program.
std::span<const Pass> scheduling_passes();

// Runs the passes in turn; the graph is verified after each that has one to show, and throws
// std::logic_error with the pass's name where it is not sound. Throws UserError where the input is
// at fault.
void run_passes(std::span<const Pass> passes, Compilation& compilation);

}  // namespace zahl::compiler
