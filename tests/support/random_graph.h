// Seeded random graphs of the compiler's operators, small enough to evaluate naively.
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"

namespace zahl::test {

// One to six operators with random geometry, requantization and residuals. ir::verify accepts it.
ir::Graph random_graph(uint64_t seed);

// The same with rows and pixels that are large for a small machine: up to 96 pixels of up to 160
// channels.
ir::Graph random_wide_graph(uint64_t seed);

// Convolutions, each followed by depthwise and 1x1 convolutions that can take its rows as they
// come, and additions to earlier tensors: what a scheduler may run stripe by stripe through several
// layers.
ir::Graph random_row_graph(uint64_t seed);

// The same with rows longer than what the accumulators or the line memory of a small machine hold.
ir::Graph random_long_row_graph(uint64_t seed);

}  // namespace zahl::test
