#include "compiler/schedule/schedule.h"

#include <algorithm>

#include "compiler/schedule/lower.h"

namespace zahl::schedule {
namespace {

constexpr int64_t kInputPieceBytes = 2048;  // the first layer starts when its first rows are there

// Brings graph inputs that live on chip from DRAM, some rows at a time.
void load_inputs(Context& context) {
  context.begin_step();
  context.layer = 0;
  for (const auto& port : context.graph.inputs) {
    const Home& home = context.home(port.tensor);
    if (!home.is_on_chip) continue;
    const ir::Shape& shape = context.tensor(port.tensor).shape;
    const int64_t row = int64_t{shape.w} * shape.c, total = shape.elements();
    const int64_t piece = std::max(row, kInputPieceBytes / row * row);
    for (int64_t done = 0; done < total; done += piece) {
      context.load(home.dram + done, home.scratchpad + done, std::min(piece, total - done));
    }
  }
}

}  // namespace

Schedule schedule_graph(const ir::Graph& graph, const hw::Config& config) {
  Context context(graph, config, plan_memory(graph, config));
  load_inputs(context);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    context.layer = static_cast<int>(n);
    std::visit([&](const auto& operation) { lower(operation, context); }, graph.nodes[n].operation);
  }
  return {context.plan, std::move(context.steps), context.data(), context.data_address()};
}

}  // namespace zahl::schedule
