#include "compiler/lower/schedule.h"

#include <algorithm>
#include <stdexcept>

#include "compiler/lower/chain.h"
#include "compiler/lower/lower.h"
#include "compiler/lower/pieces.h"
#include "isa/encoding.h"

namespace zahl::lower {
namespace {

// The first node that reads the tensor under any of its names; none where only the host does.
ir::NodeId first_reader(const Context& context, ir::TensorId tensor) {
  const auto root_of = [&](ir::TensorId t) { return context.plan.root[t]; };
  const auto& nodes = context.graph.nodes;
  for (ir::NodeId n : nodes.ids()) {
    if (std::holds_alternative<ir::Reshape>(nodes[n].operation)) continue;
    for (ir::TensorId input : ir::inputs_of(nodes[n].operation)) {
      if (root_of(input) == root_of(tensor)) return context.plan.fusions.runs_with(n);
    }
  }
  return ir::NodeId::none();
}

// Whether each field of the instructions from step `first` on holds what it is to hold.
bool fields_hold(const std::vector<Step>& steps, size_t first) {
  try {
    for (size_t i = first; i < steps.size(); ++i) {
      for (const Planned& load : steps[i].loads) isa::encode(load.instruction);
      for (const Planned& planned : steps[i].body) isa::encode(planned.instruction);
    }
    return true;
  } catch (const std::out_of_range&) {
    return false;
  }
}

// By whole rows where the machine holds them, else in pieces.
template <class Op>
void lower_layer(const Op& operation, Context& context) {
  const Context::Mark mark = context.mark();
  try {
    lower(operation, context);
    if (fields_hold(context.steps, mark.steps)) return;
  } catch (const TooLarge&) {
  }
  context.go_back_to(mark);
  lower_in_pieces(operation, context);
}

constexpr int64_t kInputPieceBytes = 2048;  // the first layer starts when its first rows are there

// Brings graph inputs that live on chip from DRAM, some rows at a time, behind the weights of the
// layer that reads them first.
void load_inputs(Context& context, const ir::Indexed<ir::NodeId, size_t>& first_step) {
  for (const auto& port : context.graph.inputs) {
    const plan::Home& home = context.home(port.tensor);
    if (!home.is_on_chip) continue;
    const ir::Shape& shape = context.tensor(port.tensor).shape;
    const int64_t row = int64_t{shape.w} * shape.c, total = shape.elements();
    const int64_t piece = std::max(row, kInputPieceBytes / row * row);
    const ir::NodeId reader = first_reader(context, port.tensor);
    if (!reader.exists()) continue;
    context.layer = reader;
    for (int64_t done = 0; done < total; done += piece) {
      context.load_in_step(first_step[reader], home.dram + done, home.scratchpad + done,
                           std::min(piece, total - done));
    }
  }
}

}  // namespace

Schedule schedule_graph(const ir::Graph& graph, const hw::Config& config,
                        const plan::MemoryPlan& plan) {
  Context context(graph, config, plan);
  ir::Indexed<ir::NodeId, size_t> first_step;
  for (ir::NodeId n : graph.nodes.ids()) {
    context.layer = n;
    first_step.add(context.steps.size());
    const plan::Fusions& fusions = context.plan.fusions;
    if (fusions.runs_with(n) != n) continue;
    if (fusions.chain[n].exists()) {
      lower_chain(fusions.chains[fusions.chain[n]], context);
      continue;
    }
    std::visit([&](const auto& operation) { lower_layer(operation, context); },
               graph.nodes[n].operation);
  }
  load_inputs(context, first_step);
  return {std::move(context.steps), context.data(), context.data_address()};
}

}  // namespace zahl::lower
