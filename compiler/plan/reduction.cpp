#include "compiler/plan/reduction.h"

#include <algorithm>

#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::plan {
namespace {

constexpr int64_t kJoinedPixels =
    64;  // fewer would not be worth an instruction for each run of tiles

// All bytes of a kernel of `rows` rows of `row_bytes`, in tiles of `lanes` that take up where the
// one before ended, but hold bytes of at most two rows.
std::vector<JoinedRun> join_rows(int rows, int row_bytes, int lanes) {
  std::vector<JoinedRun> runs;
  for (int row = 0, offset = 0; row < rows;) {
    const int first = std::min(lanes, row_bytes - offset);
    const bool is_joined = first < lanes && row + 1 < rows;
    const JoinedRun tile{row, 1, 1, offset, is_joined ? first : 0};
    const bool repeats = !runs.empty() && runs.back().offset == offset &&
                         runs.back().split == tile.split &&
                         (runs.back().tiles == 1 ||
                          row == runs.back().first_row + runs.back().tiles * runs.back().row_step);
    if (repeats) {
      runs.back().row_step = (row - runs.back().first_row) / runs.back().tiles;
      ++runs.back().tiles;
    } else {
      runs.push_back(tile);
    }
    const int second = is_joined ? std::min(lanes - first, row_bytes) : 0;
    offset += first;
    if (offset == row_bytes) ++row, offset = second;
    if (offset == row_bytes) ++row, offset = 0;
  }
  return runs;
}

int64_t joined_cycles(const std::vector<JoinedRun>& runs, int64_t pixels, int64_t lines) {
  int64_t cycles = 0;
  for (const JoinedRun& run : runs)
    cycles += timing::TileSequence{run.tiles, pixels, run.split > 0, lines}.apart();
  return cycles;
}

}  // namespace

int Reduction::tiles() const {
  if (joined.empty()) return kernel_rows * kernel_columns * chunks;
  int tiles = 0;
  for (const JoinedRun& run : joined) tiles += run.tiles;
  return tiles;
}

Reduction reduction_of(const ir::Conv& conv, int input_channels, const ir::Shape& output,
                       const hw::Config& config) {
  const int channels = input_channels / conv.groups;
  Reduction r;
  r.kernel_rows = conv.kernel_h;
  r.is_flattened = conv.groups == 1 && conv.dilation_w == 1;
  r.kernel_columns = r.is_flattened ? 1 : conv.kernel_w;
  r.chunks = ceil_div(r.is_flattened ? conv.kernel_w * channels : channels, config.rows);
  if (!r.is_flattened || conv.kernel_h == 1) return r;
  const int64_t pixels =
      std::min<int64_t>(int64_t{output.h} * output.w, config.accumulator_bank_vectors);
  const int64_t lines = config.weight_tile_lines();
  if (pixels < kJoinedPixels) return r;
  auto joined = join_rows(conv.kernel_h, conv.kernel_w * channels, config.rows);
  if (joined_cycles(joined, pixels, lines) <
      r.tiles() * timing::TileSequence{1, pixels, false, lines}.apart())
    r.joined = std::move(joined);
  return r;
}

}  // namespace zahl::plan
