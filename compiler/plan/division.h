// One way to divide the scratchpad's activations: which tensors stay on chip, and which pass
// through a workspace at the top while a layer reads or writes them in stripes.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/homes.h"

namespace zahl::plan {

// The time that a tensor lives, in nodes: from the one that makes it to the last one that reads it;
// graph inputs are made at -1, graph outputs stay to the end. What runs with another node
// (fusion.h) has that node's time.
struct Lifetime {
  int first = -1, last = -1;
  bool overlaps(const Lifetime& o) const { return first <= o.last && o.first <= last; }
};

// What all divisions of a graph have in common. `plan` gives roots, fusions and the weight ring.
class Demands {
 public:
  Demands(const ir::Graph& graph, const hw::Config& config, const MemoryPlan& plan);

  const ir::Graph& graph;
  const hw::Config& config;
  const MemoryPlan& plan;
  ir::Indexed<ir::TensorId, Lifetime> lives;  // by root
  // Tensors (roots) that are read or written as a whole while it runs, its chain and
  // follower included; nothing for a node that runs with another.
  ir::Indexed<ir::NodeId, std::vector<ir::TensorId>> touched;
  ir::Indexed<ir::TensorId, int> touches;  // by root: how many nodes touch it

  // The chain that runs with this node, if any.
  const Chain* chain_at(ir::NodeId node) const;
};

class Division {
 public:
  // `workspace` are the bytes at the top that each node asks for where one of its tensors is
  // striped.
  Division(const Demands& demands, int64_t capacity, ir::Indexed<ir::NodeId, int64_t> workspace);

  const ir::Indexed<ir::TensorId, Home>& homes() const { return homes_; }
  // By node: the largest hole between what lives on chip; at least what it asked for.
  const ir::Indexed<ir::NodeId, Region>& workspaces() const { return workspaces_; }

  // Bytes between DRAM and the workspace: each striped tensor is written once and read by each of
  // its users, and weights that the ring does not hold are read again for every stripe.
  int64_t traffic() const;
  // Tensors that share a bank with another one, whose port they may have to wait for.
  int64_t crowded() const { return crowded_; }
  // Nodes whose striped tensors do not find room for twice the rows that one row of output needs.
  int infeasible_nodes() const;

 private:
  const ir::Shape& shape_of(ir::TensorId root) const { return demands_.graph.tensors[root].shape; }
  bool needs_workspace(ir::NodeId node) const;
  int row_stride_of(ir::NodeId node, ir::TensorId root) const;
  bool is_batch(ir::NodeId node, ir::TensorId root) const;
  int64_t share_of(ir::NodeId node) const;
  bool is_feasible(ir::NodeId node) const;
  void place_all();

  const Demands& demands_;
  int64_t capacity_;
  ir::Indexed<ir::NodeId, int64_t> workspace_;
  ir::Indexed<ir::TensorId, bool> striped_;  // by root
  ir::Indexed<ir::TensorId, Home> homes_;
  ir::Indexed<ir::NodeId, Region> workspaces_;
  int64_t crowded_ = 0;
};

}  // namespace zahl::plan
