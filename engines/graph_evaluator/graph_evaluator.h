// The naive judge of graphs: every operation as plain loops over NHWC in 64-bit integers, its
// rounding written from the definitions. It knows nothing of the machine and shares nothing with
// compiler or simulator but the graph's types.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"

namespace zahl::reference {

// The bytes of every tensor of the graph, NHWC; `inputs` fill the graph's inputs in order.
// Throws std::invalid_argument where an input has the wrong size.
ir::Indexed<ir::TensorId, std::vector<int8_t>> evaluate_tensors(
    const ir::Graph& graph, const std::vector<std::vector<int8_t>>& inputs);

// The bytes of the graph's outputs, in order.
std::vector<std::vector<int8_t>> evaluate(const ir::Graph& graph,
                                          const std::vector<std::vector<int8_t>>& inputs);

}  // namespace zahl::reference
