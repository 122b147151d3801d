#include "compiler/plan/tiling.h"

#include <algorithm>

#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::plan {
namespace {

constexpr int64_t kVectorsTogether = 64;  // of an instruction over several blocks
constexpr int64_t kManyBlocks = 16;       // of a layer whose last instruction hardly counts
constexpr int64_t kInstructionCost = 4;   // cycles of bus time to fetch one
constexpr int64_t kHandOver =
    24;  // pipelines between the array's last vector and the next layer's first

// Accumulators of a tile.
int64_t most_vectors(bool is_window, const hw::Config& config) {
  return int64_t{config.accumulator_bank_vectors} * (is_window ? 2 : 1);
}

int even_part(int whole, int64_t largest) {
  const int parts = static_cast<int>(ceil_div(whole, largest));
  return ceil_div(whole, parts);
}

timing::TileSequence window_tiles(int64_t streamed_rows, int64_t streamed_columns, bool pairs,
                                  const hw::Config& config) {
  return {1, streamed_rows * timing::row_vectors(streamed_columns, pairs), pairs,
          config.weight_tile_lines()};
}

// Cycles of the array for one weight tile on one tile of pixels.
int64_t streamed_cycles(const Tile& tile, const TileWork& work, const hw::Config& config) {
  timing::TileSequence tiles{1, tile.pixels(), false, config.weight_tile_lines()};
  if (work.is_window) {
    const int64_t rows =
        timing::streamed_rows(tile.rows, work.stride_h, work.tap_rows, work.resumes);
    const int64_t columns = timing::streamed_columns(tile.columns, work.stride_w, work.tap_columns);
    tiles = window_tiles(rows, columns,
                         work.stride_w == 2 && tile.columns > 1 && pairs_pay(rows, columns, config),
                         config);
  }
  return tiles.apart();
}

// Cycles for one block of channels over all tiles of `tile`'s size, and what the next layer sees of
// the last one.
int64_t cost(int out_rows, int out_columns, const Tile& tile, const TileWork& work,
             const hw::Config& config) {
  const int64_t tiles =
      int64_t{ceil_div(out_rows, tile.rows)} * (ceil_div(out_columns, tile.columns));
  const int64_t array =
      tiles * work.blocks * work.weight_tiles * streamed_cycles(tile, work, config);
  const int64_t post =
      tiles * work.blocks * timing::drain_cycles(1, tile.pixels(), work.parameter_lines);
  const int64_t last = tile.pixels() + work.parameter_lines + kHandOver;
  const int64_t exposed = tiles == 1 ? last : tiles == 2 ? last / 2 : last / 4;
  return std::max(array, post) + exposed + kInstructionCost * tiles * work.blocks;
}

}  // namespace

bool pairs_pay(int64_t streamed_rows, int64_t streamed_columns, const hw::Config& config) {
  return window_tiles(streamed_rows, streamed_columns, true, config).apart() <
         window_tiles(streamed_rows, streamed_columns, false, config).apart();
}

int64_t most_window_columns(int stride_w, int tap_columns, const hw::Config& config) {
  return std::max<int64_t>(1, (config.line_buffer_pixels - tap_columns) / stride_w);
}

bool takes_whole_rows(int out_columns, int stride_w, int tap_columns, const hw::Config& config) {
  return out_columns <= std::min({most_vectors(true, config), isa::limits::Conv::out_columns.max,
                                  most_window_columns(stride_w, tap_columns, config)});
}

Tile choose_tile(int out_rows, int out_columns, const TileWork& work, const hw::Config& config) {
  const int64_t vectors = most_vectors(work.is_window, config);
  Tile best;
  best.columns = even_part(
      out_columns, std::min({vectors, isa::limits::Conv::out_columns.max, work.largest_columns}));
  int64_t best_cost = cost(out_rows, out_columns, best, work, config);
  const int64_t most_rows =
      std::min({int64_t{out_rows}, vectors / best.columns, isa::limits::Conv::out_rows.max});
  for (int rows = 2; rows <= most_rows; ++rows) {
    const Tile tile{even_part(out_rows, rows), best.columns};
    const int64_t now = cost(out_rows, out_columns, tile, work, config);
    if (now < best_cost) best = tile, best_cost = now;
  }
  return best;
}

int blocks_together(int64_t pixels, int64_t blocks, const hw::Config& config) {
  const int64_t wanted = blocks >= kManyBlocks ? 2 * kVectorsTogether : kVectorsTogether;
  const int64_t vectors = std::min<int64_t>(wanted, config.accumulator_bank_vectors);
  return static_cast<int>(std::clamp<int64_t>(vectors / pixels, 1, isa::limits::Conv::blocks.max));
}

}  // namespace zahl::plan
