// A chain of layers that pass rows to one another (fusion.h).
//
// Work is done in ticks. In a tick every stage makes some rows from those that the stage before made in the tick
// before, so the array always has work whose input is ready. Between two stages there are two slots of rows, used in
// turn.
#pragma once

#include <functional>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/schedule/context.h"
#include "compiler/schedule/fusion.h"

namespace zahl::schedule {

// Whether the machine can hold the chain at all: each stage can take the rows of the one before, the weights stay on
// chip together, and so do the rows of the windows in the line memory. The last node may have a follower.
bool can_be_chained(const ir::Graph& graph, const Fusions& fusions, const Chain& chain, const hw::Config& config,
                    const Options& options);

// Where a chain keeps its rows when its last stage makes `rows` in a tick.
struct ChainLayout {
  int rows = 1;
  std::vector<Region> between;  // two slots behind each stage but the last
  std::vector<Region> result;   // of StripeResult::tensors_of the last stage
  std::vector<Region> inputs;   // of the sources of the first stage
  int64_t bytes = 0;
};

// The places begin at `begin`, a multiple of a bank. `is_streamed` tells of a tensor that it is not on chip.
ChainLayout lay_out_chain(const ir::Graph& graph, const Fusions& fusions, const Chain& chain, const hw::Config& config,
                          int rows, int64_t begin, const std::function<bool(ir::TensorId)>& is_streamed);

// All layers of the chain whose last node is the context's present layer.
void lower_chain(const Chain& chain, Context& context);

}  // namespace zahl::schedule
