#include "compiler/plan/tiling.h"

#include <algorithm>

#include "isa/round.h"

namespace zahl::plan {
namespace {

constexpr int64_t kLargestSide = 1024;    // isa: out_rows, out_columns
constexpr int64_t kVectorsTogether = 64;  // of an instruction over several blocks
constexpr int64_t kManyBlocks = 16;       // of a layer whose last instruction hardly counts
constexpr int64_t kInstructionCost = 4;   // cycles of bus time to fetch one
constexpr int64_t kHandOver =
    24;  // pipelines between the array's last vector and the next layer's first

int even_part(int whole, int64_t largest) {
  const int parts = static_cast<int>(ceil_div(whole, largest));
  return ceil_div(whole, parts);
}

// Cycles of the array for one weight tile on one tile of pixels.
int64_t streamed_cycles(const Tile& tile, const TileWork& work, const hw::Config& config) {
  const int64_t lines = config.weight_tile_lines();
  if (!work.is_window) return std::max(tile.pixels(), lines);
  const int64_t rows = int64_t{tile.rows - 1} * work.stride_h +
                       (work.resumes ? std::min(work.stride_h, work.tap_rows) : work.tap_rows);
  const int64_t columns = int64_t{tile.columns - 1} * work.stride_w + work.tap_columns;
  if (work.stride_w == 2 && tile.columns > 1 && pairs_pay(rows, columns, config))
    return rows * ((columns + 1) / 2) + lines;
  return std::max(rows * columns, lines);
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
      tiles * work.blocks * (tile.pixels() + work.parameter_lines + hw::kDrainPipeline);
  const int64_t last = tile.pixels() + work.parameter_lines + kHandOver;
  const int64_t exposed = tiles == 1 ? last : tiles == 2 ? last / 2 : last / 4;
  return std::max(array, post) + exposed + kInstructionCost * tiles * work.blocks;
}

}  // namespace

bool pairs_pay(int64_t streamed_rows, int64_t streamed_columns, const hw::Config& config) {
  const int64_t lines = config.weight_tile_lines();
  return streamed_rows * ((streamed_columns + 1) / 2) + lines <
         std::max(streamed_rows * streamed_columns, lines);
}

Tile choose_tile(int out_rows, int out_columns, const TileWork& work, const hw::Config& config) {
  const int64_t vectors = int64_t{config.accumulator_bank_vectors} * (work.is_window ? 2 : 1);
  Tile best;
  best.columns =
      even_part(out_columns, std::min({vectors, kLargestSide, int64_t{work.largest_columns}}));
  int64_t best_cost = cost(out_rows, out_columns, best, work, config);
  const int64_t most_rows = std::min({int64_t{out_rows}, vectors / best.columns, kLargestSide});
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
  return static_cast<int>(std::clamp<int64_t>(vectors / pixels, 1, 256));
}

}  // namespace zahl::plan
