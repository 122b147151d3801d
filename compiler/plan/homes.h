// Where every tensor lives: on chip for its whole life where it fits, in DRAM otherwise.
//
// The scratchpad is divided into activations, one bank of channel parameters and tables, and a ring
// of weights. While a layer with a tensor in DRAM runs, the top of the activations is a workspace
// for stripes of it; at other times tensors live there too. Reshapes are addresses: input and
// output share one home.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/fusions.h"

namespace zahl::plan {

struct Region {
  int64_t begin = 0, bytes = 0;
};

struct Home {
  bool is_on_chip = false;
  int64_t scratchpad = 0;  // where on chip
  int64_t dram = -1;       // where in DRAM: graph inputs and outputs, and whatever is not on chip
  bool is_graph_output = false;
  bool is_transient = false;  // exists as stripes only (fusion.h)
};

struct MemoryPlan {
  Fusions fusions;
  ir::Indexed<ir::TensorId, ir::TensorId> root;  // the tensor whose home it shares
  ir::Indexed<ir::TensorId, Home> homes;         // by root
  ir::Indexed<ir::NodeId, Region> workspaces;    // for the node's stripes
  Region parameters, weights;
  int64_t traffic =
      0;  // between DRAM and the workspaces, and weights that are read again; an estimate in bytes
  int64_t dram_bytes = 0;  // of inputs, outputs and whatever is not on chip; constants follow
};

}  // namespace zahl::plan
