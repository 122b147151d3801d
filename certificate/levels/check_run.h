// Level 5: the run. What the engines leave in memory is what an independent evaluation in integers
// of any length gives, and what the user's file asks for (docs/certificate.md).
#pragma once

#include "certificate/levels/level.h"
#include "compiler/ir/graph.h"
#include "contract/program.h"
#include "host/npy.h"

namespace zahl::certificate {

struct RunRequest {
  std::map<std::string, host::Array> inputs;  // empty: random by seed
  uint64_t seed = 1;
  bool wants_rtl = false;
  MemoryConfig memory{};
  std::string source;  // Zahl's source tree
  std::string model;   // the user's file
  std::string keep;    // where the arrays of the run are kept; empty: nowhere
};

Level check_run(const ir::Graph& graph, const Program& program, const RunRequest& request);

}  // namespace zahl::certificate
