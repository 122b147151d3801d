// A chain of layers that pass rows to one another (fusion.h).
//
// Work is done in ticks. In a tick every stage makes some rows from those that the stage before
// made in the tick before, so the array always has work whose input is ready. Between two stages
// there are two slots of rows, used in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/fusions.h"
#include "compiler/plan/homes.h"
#include "compiler/plan/options.h"
#include "isa/round.h"

namespace zahl::plan {

inline const ir::Operation& operation_of(const ir::Graph& graph, ir::NodeId node) {
  return graph.nodes[node].operation;
}

inline const ir::Shape& output_shape(const ir::Graph& graph, ir::NodeId node) {
  return graph.tensors[ir::output_of(operation_of(graph, node))].shape;
}

inline const ir::Conv& head_of(const ir::Graph& graph, const Chain& chain) {
  return std::get<ir::Conv>(operation_of(graph, chain.nodes.front()));
}

// Which rows each stage makes in which tick.
class Ticks {
 public:
  Ticks(const ir::Graph& graph, const Chain& chain, int rows)
      : graph_(graph), chain_(chain), rows_(rows) {}

  int count() const { return ceil_div(output_shape(graph_, chain_.nodes.back()).h, rows_); }

  // Rows of the stage that are made when its tick `tick` is over.
  int end(size_t stage, int tick) const {
    if (tick < 0) return 0;
    int end = std::min(output_shape(graph_, chain_.nodes.back()).h, (tick + 1) * rows_);
    for (size_t next = chain_.nodes.size() - 1; next > stage; --next) {
      if (const auto* d = std::get_if<ir::Depthwise>(&operation_of(graph_, chain_.nodes[next]))) {
        end = (end - 1) * d->stride_h - d->padding.top + d->kernel_h;
      }
      end = std::clamp(end, 0, output_shape(graph_, chain_.nodes[next - 1]).h);
    }
    return end;
  }

  // The most rows that a stage makes in a tick.
  int most(size_t stage) const {
    int most = 1;
    for (int t = 0; t < count(); ++t) most = std::max(most, end(stage, t) - end(stage, t - 1));
    return most;
  }

 private:
  const ir::Graph& graph_;
  const Chain& chain_;
  int rows_;
};

// Whether the machine can hold the chain at all: each stage can take the rows of the one before,
// the weights stay on chip together, and so do the rows of the windows in the line memory. The last
// node may have a follower.
bool can_be_chained(const ir::Graph& graph, const Fusions& fusions, const Chain& chain,
                    const hw::Config& config, const Options& options);

// Where a chain keeps its rows when its last stage makes `rows` in a tick.
struct ChainLayout {
  int rows = 1;
  std::vector<Region> between;  // two slots behind each stage but the last
  std::vector<Region> result;   // of StripeResult::tensors_of the last stage
  std::vector<Region> inputs;   // of the sources of the first stage
  int64_t bytes = 0;
};

// The places begin at `begin`, a multiple of a bank. `is_striped` tells of a tensor that it is not
// on chip.
ChainLayout lay_out_chain(const ir::Graph& graph, const Fusions& fusions, const Chain& chain,
                          const hw::Config& config, int rows, int64_t begin,
                          const std::function<bool(ir::TensorId)>& is_striped);

}  // namespace zahl::plan
