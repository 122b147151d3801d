#include "compiler/lower/weight_groups.h"

#include <algorithm>
#include <numeric>

#include "compiler/plan/channel_parameters.h"
#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

WeightGroup whole_blocks(const plan::Reduction& reduction, int first, int count,
                         int64_t block_bytes) {
  WeightGroup g;
  g.first_block = first, g.blocks = count;
  g.rows = reduction.kernel_rows, g.columns = reduction.kernel_columns, g.chunks = reduction.chunks;
  g.bytes = count * block_bytes;
  return g;
}

// Cuts one block into runs of kernel rows, or of chunks at one kernel position, of at most `limit`
// bytes.
std::vector<WeightGroup> cut_block(const plan::Reduction& reduction, int block, int64_t limit,
                                   int64_t tile_bytes) {
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
  return runs;
}

// One convolution a source.
std::vector<ir::Conv> parts_of(const ir::Conv& conv, const std::vector<int>& source_channels) {
  if (source_channels.size() == 1) return {conv};
  const auto channels =
      static_cast<size_t>(std::accumulate(source_channels.begin(), source_channels.end(), 0));
  std::vector<ir::Conv> parts;
  size_t first = 0;
  for (int count : source_channels) {
    parts.push_back(part_of(conv, channels, first, static_cast<size_t>(count)));
    first += static_cast<size_t>(count);
  }
  return parts;
}

}  // namespace

ir::Conv part_of(const ir::Conv& conv, size_t channels, size_t first, size_t count) {
  ir::Conv part = conv;
  part.weights.clear();
  for (size_t tap = 0; tap < conv.weights.size(); tap += channels) {
    const auto begin = conv.weights.begin() + static_cast<ptrdiff_t>(tap + first);
    part.weights.insert(part.weights.end(), begin, begin + static_cast<ptrdiff_t>(count));
  }
  return part;
}

int ConvWeights::tiles() const {
  int sum = 0;
  for (const plan::Reduction& r : reductions) sum += r.tiles();
  return sum;
}

ConvWeights plan_weights(const ir::Conv& conv, const std::vector<int>& source_channels,
                         int64_t group_bytes, Context& context) {
  const hw::Config& config = context.config;
  const std::vector<ir::Conv> parts = parts_of(conv, source_channels);
  ConvWeights w;
  for (size_t s = 0; s < parts.size(); ++s) {
    w.reductions.push_back(plan::reduction_of(parts[s], source_channels[s],
                                              context.tensor(conv.output).shape, config));
  }
  const int64_t half = context.weights.bytes() / 2;
  if (config.weight_tile_bytes() > half) throw TooLarge{};
  if (int64_t{w.tiles()} * config.weight_tile_bytes() > half) {
    for (plan::Reduction& reduction : w.reductions)
      reduction.joined.clear();  // cut_block cuts the loops over rows and chunks
  }
  w.columns = config.columns;
  w.channels = static_cast<int>(conv.requant.bias.size()) / conv.groups;
  w.blocks = ceil_div(w.channels, config.columns);
  w.block_bytes = int64_t{w.tiles()} * config.weight_tile_bytes();
  w.total_bytes = int64_t{conv.groups} * w.blocks * w.block_bytes;
  w.parameter_block_bytes =
      int64_t{timing::parameter_lines(plan::is_uniform(conv.requant), config)} * config.line_bytes;

  const int largest = static_cast<int>(std::clamp<int64_t>(
      std::min(group_bytes, half) / w.block_bytes, 1, isa::limits::Conv::blocks.max));
  std::vector<uint8_t> weights, parameters;
  for (int g = 0; g < conv.groups; ++g) {
    for (int b = 0; b < w.blocks; b += largest) {
      const int first = g * w.blocks + b, count = std::min(largest, w.blocks - b);
      const size_t first_run = w.groups.size();
      for (int i = first; i < first + count; ++i) {
        pack_parameters(conv.requant, w.first_channel(i), w.channel_limit(i), config, parameters);
      }
      for (size_t s = 0; s < parts.size(); ++s) {
        const plan::Reduction& reduction = w.reductions[s];
        for (int i = first; i < first + count; ++i) {
          pack_conv_block(parts[s], reduction, w.first_channel(i), w.channel_limit(i), config,
                          weights);
        }
        std::vector<WeightGroup> runs;
        if (w.block_bytes <= half) {
          runs = {whole_blocks(reduction, first, count,
                               reduction.tiles() * int64_t{config.weight_tile_bytes()})};
        } else {
          runs = cut_block(reduction, first, half, config.weight_tile_bytes());
        }
        for (WeightGroup& run : runs) {
          run.source = static_cast<int>(s);
          run.is_whole = w.block_bytes <= half;
        }
        w.groups.insert(w.groups.end(), runs.begin(), runs.end());
      }
      for (size_t i = first_run; i < w.groups.size(); ++i) {
        w.groups[i].is_first_run = i == first_run;
        w.groups[i].is_last_run = i + 1 == w.groups.size();
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

}  // namespace zahl::lower
