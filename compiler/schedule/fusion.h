// Which additions happen while their convolution is still running.
//
// Where a convolution's result is large and only an element-by-element operation with an earlier tensor reads it, that
// operation follows stripe by stripe: the convolution's own result never exists as a whole, neither on chip nor in
// DRAM.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"

namespace zahl::schedule {

struct Fusions {
  std::vector<int> follower;       // by node: the Eltwise that follows this Conv stripe by stripe, or -1
  std::vector<bool> is_follower;   // by node
  std::vector<bool> is_transient;  // by tensor: lives as stripes only
};

// Only results of more than `smallest_bytes` are worth it.
Fusions find_fusions(const ir::Graph& graph, int64_t smallest_bytes);

// The operand of `eltwise` that is not `transient`.
inline ir::TensorId other_operand(const ir::Eltwise& eltwise, ir::TensorId transient) {
  return eltwise.a == transient ? eltwise.b : eltwise.a;
}

}  // namespace zahl::schedule
