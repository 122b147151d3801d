#include "compiler/schedule/conv_groups.h"

#include <algorithm>

namespace zahl::schedule {
namespace {

WeightGroup whole_blocks(const Reduction& reduction, int first, int count, int64_t block_bytes) {
  WeightGroup g;
  g.first_block = first, g.blocks = count;
  g.rows = reduction.kernel_rows, g.columns = reduction.kernel_columns, g.chunks = reduction.chunks;
  g.bytes = count * block_bytes;
  return g;
}

// Cuts one block into runs of kernel rows, or of chunks at one kernel position, of at most `limit` bytes.
std::vector<WeightGroup> cut_block(const Reduction& reduction, int block, int64_t limit, int64_t tile_bytes) {
  std::vector<WeightGroup> runs;
  const int64_t row_bytes = int64_t{reduction.kernel_columns} * reduction.chunks * tile_bytes;
  const auto add = [&](WeightGroup run) {
    run.bytes = int64_t{run.rows} * run.columns * run.chunks * tile_bytes;
    runs.push_back(run);
  };
  for (int row = 0; row < reduction.kernel_rows;) {
    WeightGroup run = whole_blocks(reduction, block, 1, 0);
    run.first_row = row;
    if (row_bytes <= limit) {
      run.rows = std::min(static_cast<int>(limit / row_bytes), reduction.kernel_rows - row);
      row += run.rows;
      add(run);
      continue;
    }
    const int chunks = static_cast<int>(limit / tile_bytes);
    run.rows = run.columns = 1;
    for (run.column = 0; run.column < reduction.kernel_columns; ++run.column) {
      for (run.first_chunk = 0; run.first_chunk < reduction.chunks; run.first_chunk += chunks) {
        run.chunks = std::min(chunks, reduction.chunks - run.first_chunk);
        add(run);
      }
    }
    ++row;
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].is_first_run = i == 0;
    runs[i].is_last_run = i + 1 == runs.size();
  }
  return runs;
}

}  // namespace

ConvWeights plan_weights(const ir::Conv& conv, int input_channels, int64_t group_bytes, Context& context) {
  const hw::Config& config = context.config;
  ConvWeights w;
  w.reduction = reduction_of(conv, input_channels, context.tensor(conv.output).shape, config);
  w.columns = config.columns;
  w.channels = static_cast<int>(conv.requant.bias.size()) / conv.groups;
  w.blocks = (w.channels + config.columns - 1) / config.columns;
  w.block_bytes = int64_t{w.reduction.tiles()} * config.weight_tile_bytes();
  w.total_bytes = int64_t{conv.groups} * w.blocks * w.block_bytes;
  w.parameter_block_bytes = int64_t{parameter_lines(is_uniform(conv.requant), config)} * config.line_bytes;

  const int64_t half = context.weights.bytes() / 2;
  const int largest = static_cast<int>(std::clamp<int64_t>(std::min(group_bytes, half) / w.block_bytes, 1, 256));
  std::vector<uint8_t> weights, parameters;
  for (int g = 0; g < conv.groups; ++g) {
    for (int b = 0; b < w.blocks; b += largest) {
      const int first = g * w.blocks + b, count = std::min(largest, w.blocks - b);
      for (int i = first; i < first + count; ++i) {
        pack_conv_block(conv, w.reduction, w.first_channel(i), w.channel_limit(i), config, weights);
        pack_parameters(conv.requant, w.first_channel(i), w.channel_limit(i), config, parameters);
      }
      if (w.block_bytes <= half) {
        w.groups.push_back(whole_blocks(w.reduction, first, count, w.block_bytes));
      } else {
        const auto runs = cut_block(w.reduction, first, half, config.weight_tile_bytes());
        w.groups.insert(w.groups.end(), runs.begin(), runs.end());
      }
    }
  }
  int64_t at = context.add_data(weights);
  for (WeightGroup& group : w.groups) {
    group.dram = at;
    at += group.bytes;
  }
  w.parameters_dram = context.add_data(parameters);
  return w;
}

}  // namespace zahl::schedule
