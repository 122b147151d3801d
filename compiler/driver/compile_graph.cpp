#include "compiler/driver/compile_graph.h"

#include "compiler/driver/recipe.h"
#include "compiler/ir/least_traffic.h"

namespace zahl::compiler {

Program compile_graph(const ir::Graph& graph, const hw::Config& config,
                      const plan::Options& options) {
  Compilation compilation{
      .file = std::filesystem::path(), .config = config, .options = options, .graph = graph};
  run_passes(scheduling_passes(), compilation);
  compilation.program.least_traffic = ir::least_traffic(graph, config.scratchpad_bytes());
  return std::move(compilation.program);
}

}  // namespace zahl::compiler
