// Seeded random graphs of the compiler's operators, small enough to evaluate naively.
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"

namespace zahl::test {

// One to six operators with random geometry, requantization and residuals. ir::verify accepts it.
ir::Graph random_graph(uint64_t seed);

}  // namespace zahl::test
