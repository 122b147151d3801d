#include "compiler/rewrite/fuse.h"

#include <algorithm>
#include <map>

#include "compiler/rewrite/prune.h"

namespace zahl::rewrite {
namespace {

using Table = std::array<int8_t, 256>;

struct OutputStage {
  int* low;
  int* high;
  std::optional<Table>* table;
  ir::TensorId* output;
};

// Where a node clamps and looks up, if it does.
std::optional<OutputStage> output_stage(ir::Operation& operation) {
  return std::visit(
      [](auto& op) -> std::optional<OutputStage> {
        if constexpr (requires { op.requant; }) {
          return OutputStage{&op.requant.low, &op.requant.high, &op.requant.table, &op.output};
        } else if constexpr (requires { op.low; }) {
          return OutputStage{&op.low, &op.high, &op.table, &op.output};
        } else {
          return std::nullopt;
        }
      },
      operation);
}

// The clamp that equals the table on [low, high], if there is one.
std::optional<std::pair<int, int>> as_clamp(const Table& table, int low, int high) {
  const int new_low = table[static_cast<size_t>(low + 128)],
            new_high = table[static_cast<size_t>(high + 128)];
  if (new_low > new_high || new_low < low || new_high > high) return std::nullopt;
  for (int q = low; q <= high; ++q) {
    if (table[static_cast<size_t>(q + 128)] != std::clamp(q, new_low, new_high))
      return std::nullopt;
  }
  return std::pair{new_low, new_high};
}

}  // namespace

void fuse(ir::Graph& graph) {
  std::map<ir::TensorId, int> readers;
  for (const ir::Node& node : graph.nodes) {
    for (ir::TensorId id : ir::inputs_of(node.operation)) ++readers[id];
  }
  for (const ir::GraphPort& port : graph.outputs) ++readers[port.tensor];

  std::map<ir::TensorId, ir::NodeId> writers;  // of `kept`
  ir::Indexed<ir::NodeId, ir::Node> kept;
  for (ir::Node& node : graph.nodes) {
    const auto* lookup = std::get_if<ir::Lookup>(&node.operation);
    const auto writer = lookup ? writers.find(lookup->input) : writers.end();
    if (writer != writers.end() && readers[lookup->input] == 1) {
      ir::Node& producer = kept[writer->second];
      if (const auto stage = output_stage(producer.operation)) {
        const auto clamp = as_clamp(lookup->table, *stage->low, *stage->high);
        if (*stage->table) {
          for (int8_t& entry : **stage->table)
            entry = lookup->table[static_cast<size_t>(entry + 128)];
        } else if (clamp) {
          std::tie(*stage->low, *stage->high) = *clamp;
        } else {
          *stage->table = lookup->table;
        }
        *stage->output = lookup->output;
        producer.name += " + " + node.name;
        writers[lookup->output] = writer->second;
        continue;
      }
    }
    const ir::TensorId output = ir::output_of(node.operation);
    writers[output] = kept.add(std::move(node));
  }
  graph.nodes = std::move(kept);
  prune(graph);
}

}  // namespace zahl::rewrite
