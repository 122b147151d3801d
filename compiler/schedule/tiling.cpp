#include "compiler/schedule/tiling.h"

#include <algorithm>

namespace zahl::schedule {
namespace {

constexpr int64_t kLargestSide = 1024;  // isa: out_rows, out_columns

int even_part(int whole, int64_t largest) {
  const int parts = static_cast<int>((whole + largest - 1) / largest);
  return (whole + parts - 1) / parts;
}

Tile tile_within(int out_rows, int out_columns, int64_t vectors, int64_t largest_columns) {
  Tile tile;
  tile.columns = even_part(out_columns, std::min({vectors, largest_columns, kLargestSide}));
  tile.rows = even_part(out_rows, std::clamp<int64_t>(vectors / tile.columns, 1, kLargestSide));
  return tile;
}

}  // namespace

Tile choose_tile(int out_rows, int out_columns, int64_t vectors) {
  return tile_within(out_rows, out_columns, vectors, kLargestSide);
}

Tile choose_window_tile(int out_rows, int out_columns, int stride_h, int stride_w, int tap_rows, int tap_columns,
                        int largest_columns, const hw::Config& config) {
  const auto streamed = [&](const Tile& tile) {
    const int64_t rows = (out_rows + tile.rows - 1) / tile.rows, columns = (out_columns + tile.columns - 1) / tile.columns;
    const int64_t height = int64_t{tile.rows - 1} * stride_h + tap_rows, width = int64_t{tile.columns - 1} * stride_w + tap_columns;
    return rows * columns * std::max<int64_t>(height * width, config.weight_tile_lines());
  };
  const Tile one = tile_within(out_rows, out_columns, config.accumulator_bank_vectors, largest_columns);
  const Tile two = tile_within(out_rows, out_columns, 2 * config.accumulator_bank_vectors, largest_columns);
  return streamed(two) * 10 < streamed(one) * 9 ? two : one;
}

}  // namespace zahl::schedule
