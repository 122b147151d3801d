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
  std::vector<ir::NodeId> nodes;  // in the order in which rows pass through them; at least two
};

using ChainId = ir::Id<Chain>;

struct Fusions {
  // The Eltwise that follows this Conv stripe by stripe, or none.
  ir::Indexed<ir::NodeId, ir::NodeId> follower;
  ir::Indexed<ir::NodeId, bool> is_follower;
  ir::Indexed<ir::TensorId, bool> is_transient;  // lives as batches or stripes only
  ir::Indexed<ChainId, Chain> chains;
  ir::Indexed<ir::NodeId, ChainId> chain;  // that the node is part of, or none

  // The node as part of which this one runs: the last of its chain, the convolution that it
  // follows, or itself.
  ir::NodeId runs_with(ir::NodeId node) const;

 private:
  friend Fusions find_followers(const ir::Graph& graph);
  ir::Indexed<ir::NodeId, ir::NodeId> leader_;  // the Conv that this Eltwise follows, or none
};

// The operand of `eltwise` that is not `transient`.
inline ir::TensorId other_operand(const ir::Eltwise& eltwise, ir::TensorId transient) {
  return eltwise.a == transient ? eltwise.b : eltwise.a;
}

}  // namespace zahl::plan
