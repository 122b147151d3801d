// Concatenations and rearrangements for random graphs.
#pragma once

#include <random>

#include "compiler/ir/graph.h"

namespace zahl::test {

struct RandomConcat {
  ir::Concat concat;  // without its output
  ir::Shape shape;    // of the output
};

// Tensors of the graph that fit beside `current` along an axis, `current` among them. Most get its
// zero point.
RandomConcat random_concat(std::mt19937_64& random, ir::Graph& graph, ir::TensorId current);

struct RandomMove {
  ir::Move move;  // without its output
  ir::Shape shape;
};

// A slice, an enlargement, a permutation of the axes, or channels in another order.
RandomMove random_move(std::mt19937_64& random, ir::TensorId input, const ir::Shape& shape);

}  // namespace zahl::test
