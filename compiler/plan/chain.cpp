
#include "compiler/plan/chain.h"

#include <algorithm>

#include "compiler/plan/channel_parameters.h"
#include "compiler/plan/reduction.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/taps.h"
#include "compiler/plan/tiling.h"
#include "contract/tables.h"
#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::plan {
namespace {

constexpr int64_t kTables = isa::limits::SetTable::slot.max + 1;  // that post holds

// What a stage holds on chip from its first tick to its last.
struct Holdings {
  int64_t weights = 0, parameters = 0, places = 0, tables = 0;
};

Holdings holdings_of(const ir::Graph& graph, ir::NodeId node, const hw::Config& config) {
  const ir::Shape& out = output_shape(graph, node);
  Holdings h;
  const auto count = [&](const ir::Requant& requant, int64_t blocks, int64_t tiles) {
    h.weights = round_up(blocks * tiles * config.weight_tile_bytes(), config.line_bytes);
    h.parameters =
        blocks * timing::parameter_lines(is_uniform(requant), config) * config.line_bytes;
    h.tables = requant.table ? 1 : 0;
  };
  if (const auto* conv = std::get_if<ir::Conv>(&operation_of(graph, node))) {
    int64_t tiles = 0;
    for (ir::TensorId source : sources_of(*conv)) {
      tiles += reduction_of(*conv, graph.tensors[source].shape.c, out, config).tiles();
    }
    const int64_t blocks = int64_t{conv->groups} * (ceil_div(out.c / conv->groups, config.columns));
    count(conv->requant, blocks, tiles);
  } else if (const auto* d = std::get_if<ir::Depthwise>(&operation_of(graph, node))) {
    const int64_t blocks = ceil_div(out.c, config.columns);
    count(d->requant, blocks, 1);
    h.places = blocks * line_places((out.w - 1) * d->stride_w + d->kernel_w);
  }
  return h;
}

bool takes_rows(const ir::Operation& operation, int out_columns, const hw::Config& config) {
  if (const auto* conv = std::get_if<ir::Conv>(&operation)) {
    return conv->kernel_h == 1 && conv->stride_h == 1 && conv->more_inputs.empty() &&
           conv->padding.top == 0 && conv->padding.bottom == 0;
  }
  const auto* d = std::get_if<ir::Depthwise>(&operation);
  return d != nullptr && d->kernel_h > 1 && d->kernel_h >= d->stride_h &&
         is_one_pass(d->kernel_h, d->kernel_w, config) &&
         takes_whole_rows(out_columns, d->stride_w, d->kernel_w, config);
}

}  // namespace

bool can_be_chained(const ir::Graph& graph, const Fusions& fusions, const Chain& chain,
                    const hw::Config& config, const Options& options) {
  Holdings all;
  for (size_t i = 0; i < chain.nodes.size(); ++i) {
    const ir::NodeId node = chain.nodes[i];
    if (fusions.chain[node].exists()) return false;
    if (i > 0 && !takes_rows(operation_of(graph, node), output_shape(graph, node).w, config))
      return false;
    const Holdings h = holdings_of(graph, node, config);
    all.weights += h.weights, all.parameters += h.parameters, all.places += h.places,
        all.tables += h.tables;
  }
  const ir::NodeId follower = fusions.follower[chain.nodes.back()];
  if (follower.exists() && std::get<ir::Eltwise>(operation_of(graph, follower)).table) ++all.tables;
  const auto everything_is_striped = [](ir::TensorId) { return true; };
  const int64_t most = options.weight_ring_begin(config) - config.scratchpad_bank_bytes;
  return all.weights <= options.weight_ring_bytes(config) * 3 / 4 &&
         all.parameters + kTables * kTableBytes <= config.scratchpad_bank_bytes &&
         all.places <= config.line_buffer_pixels && all.tables <= kTables &&
         lay_out_chain(graph, fusions, chain, config, 1, 0, everything_is_striped).bytes <= most;
}

ChainLayout lay_out_chain(const ir::Graph& graph, const Fusions& fusions, const Chain& chain,
                          const hw::Config& config, int rows, int64_t begin,
                          const std::function<bool(ir::TensorId)>& is_striped) {
  ChainLayout layout;
  layout.rows = rows;
  const Ticks ticks(graph, chain, rows);
  const size_t last = chain.nodes.size() - 1;
  int64_t at = begin;
  const auto row_bytes = [&](ir::TensorId t) {
    const ir::Shape& shape = graph.tensors[t].shape;
    return int64_t{shape.w} * shape.c;
  };
  // What goes to or comes from DRAM has banks of its own.
  const auto take_banks = [&](ir::TensorId tensor, int64_t slot_rows) {
    if (!is_striped(tensor)) return Region{begin, 0};
    const Region region{at,
                        round_up(2 * slot_rows * row_bytes(tensor), config.scratchpad_bank_bytes)};
    at += region.bytes;
    return region;
  };
  const ir::Conv& head = head_of(graph, chain);
  for (ir::TensorId source : sources_of(head)) {
    const int64_t most = (ticks.most(0) - 1) * int64_t{head.stride_h} + reach_of(head);
    layout.inputs.push_back(take_banks(source, most));
  }

  const ir::TensorId output = ir::output_of(operation_of(graph, chain.nodes[last]));
  const ir::NodeId follower = fusions.follower[chain.nodes[last]];
  std::vector<Region> followed;
  if (!follower.exists()) {
    layout.result = {take_banks(output, rows)};
  } else {
    const auto& next = std::get<ir::Eltwise>(operation_of(graph, follower));
    followed = {take_banks(other_operand(next, output), rows), take_banks(next.output, rows)};
  }
  // A window's last block may read past the last channel of the last pixel.
  const auto take_slots = [&](ir::TensorId tensor, int64_t slot_rows) {
    const int64_t slot =
        round_up(slot_rows * row_bytes(tensor) + config.columns, config.line_bytes);
    at += 2 * slot;
    return Region{at - 2 * slot, 2 * slot};
  };
  for (size_t i = 0; i < last; ++i) {
    layout.between.push_back(
        take_slots(ir::output_of(operation_of(graph, chain.nodes[i])), ticks.most(i)));
  }
  if (follower.exists()) {
    const auto& next = std::get<ir::Eltwise>(operation_of(graph, follower));
    if (is_striped(other_operand(next, output)) || is_striped(next.output)) {
      layout.result = {take_slots(output, rows)};
    } else {  // batches, of at most an accumulator bank
      const int64_t slots = 2 * int64_t{config.accumulator_bank_vectors} * config.columns;
      layout.result = {{at, slots}};
      at += slots;
    }
    layout.result.insert(layout.result.end(), followed.begin(), followed.end());
  }
  layout.bytes = at - begin;
  return layout;
}

}  // namespace zahl::plan
