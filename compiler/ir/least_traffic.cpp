#include "compiler/ir/least_traffic.h"

#include <algorithm>

namespace zahl::ir {
namespace {

// Reshapes rename: a tensor and what it is called later are one map.
Indexed<TensorId, TensorId> names_of(const Graph& graph) {
  Indexed<TensorId, TensorId> name;
  for (TensorId t : graph.tensors.ids()) name.add(t);
  for (const Node& node : graph.nodes) {
    if (const auto* r = std::get_if<Reshape>(&node.operation)) name[r->output] = name[r->input];
  }
  return name;
}

struct Use {
  int made = -1, first_read = -1,
      last_read = -1;  // positions among the nodes that are not Reshapes
};

}  // namespace

int64_t weight_bytes(const Operation& operation) {
  return std::visit(
      [](const auto& o) -> int64_t {
        if constexpr (requires { o.weights; }) {
          return static_cast<int64_t>(o.weights.size() + o.requant.bias.size() * sizeof(int32_t));
        } else {
          return 0;
        }
      },
      operation);
}

LeastTraffic least_traffic(const Graph& graph, int64_t scratchpad_bytes) {
  LeastTraffic least;
  const Indexed<TensorId, TensorId> name = names_of(graph);
  Indexed<TensorId, Use> uses(graph.tensors.size());
  Indexed<TensorId, bool> is_port(graph.tensors.size());
  int position = 0;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<Reshape>(node.operation)) continue;
    least.weights += weight_bytes(node.operation);
    for (TensorId t : inputs_of(node.operation)) {
      Use& use = uses[name[t]];
      if (use.first_read < 0) use.first_read = position;
      use.last_read = position;
    }
    uses[name[output_of(node.operation)]].made = position++;
  }
  for (const auto* ports : {&graph.inputs, &graph.outputs}) {
    for (const GraphPort& port : *ports) {
      least.ports += graph.tensors[port.tensor].shape.elements();
      is_port[name[port.tensor]] = true;
    }
  }
  for (TensorId t : uses.ids()) {
    if (name[t] != t) continue;
    const int64_t bytes = graph.tensors[t].shape.elements();
    if (graph.tensors[t].constant) {
      if (uses[t].last_read >= 0) least.weights += bytes;
    } else if (!is_port[t] && bytes > scratchpad_bytes && uses[t].last_read > uses[t].made + 1) {
      least.large_maps += 2 * bytes;
    }
  }
  return least;
}

}  // namespace zahl::ir
