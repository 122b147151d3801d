// Seeded random graphs of the compiler's operators, small enough to evaluate naively.
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"

namespace zahl::test {

// One to six operators with random geometry, requantization and residuals. ir::verify accepts it.
ir::Graph random_graph(uint64_t seed);

// Convolutions, each followed by depthwise and 1x1 convolutions that can take its rows as they
// come, and additions to earlier tensors: what a scheduler may run stripe by stripe through several
// layers.
ir::Graph random_row_graph(uint64_t seed);

}  // namespace zahl::test
