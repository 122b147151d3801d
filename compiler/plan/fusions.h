// Which layers run together, stripe by stripe, so that what passes between them never exists as a
// whole, neither on chip nor in DRAM.
//
// - An element-by-element operation follows the convolution whose result it combines with an
// earlier tensor: batch by
//   batch of what leaves the accumulators where the other tensors are on chip, else stripe by
//   stripe.
// - A chain is a convolution and the depthwise or 1x1 convolutions after it: each takes the rows
// that the one before
//   made a moment ago. A depthwise window goes on in the array's line memory, so no row is made or
//   read twice.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"

namespace zahl::plan {

struct Chain {
  std::vector<int> nodes;  // in the order in which rows pass through them; at least two
};

struct Fusions {
  std::vector<int> follower;  // by node: the Eltwise that follows this Conv stripe by stripe, or -1
  std::vector<bool> is_follower;   // by node
  std::vector<bool> is_transient;  // by tensor: lives as batches or stripes only
  std::vector<Chain> chains;
  std::vector<int> chain;  // by node: the chain that it is part of, or -1

  // The node as part of which this one runs: the last of its chain, the convolution that it
  // follows, or itself.
  int runs_with(int node) const;

 private:
  friend Fusions find_followers(const ir::Graph& graph);
  std::vector<int> leader_;  // by node: the Conv that this Eltwise follows, or -1
};

// The operand of `eltwise` that is not `transient`.
inline ir::TensorId other_operand(const ir::Eltwise& eltwise, ir::TensorId transient) {
  return eltwise.a == transient ? eltwise.b : eltwise.a;
}

}  // namespace zahl::plan
