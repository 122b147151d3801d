// How output pixels are cut into tiles that the accumulators hold.
//
// A larger tile streams with less overhead; a smaller one is requantized sooner, so that the next
// layer waits less for the last one. The choice is the least estimated cost over all heights.
#pragma once

#include <cstdint>

#include "generated/isa.h"

namespace zahl::plan {

struct Tile {
  int rows = 1, columns = 1;
  int64_t pixels() const { return int64_t{rows} * columns; }
};

// A tile with its first pixel in the layer's output.
struct PlacedTile {
  Tile tile;
  int oy = 0, ox = 0;
};

// What the array and post do for one block of output channels.
struct TileWork {
  int64_t weight_tiles = 1;  // that stream over every pixel
  int64_t blocks = 1;
  int parameter_lines = 0;
  // Windows only: vectors streamed for a tile of `rows` x `columns` are ((rows - 1) * stride_h +
  // tap_rows) * (...).
  bool is_window = false;
  int stride_h = 1, stride_w = 1, tap_rows = 1, tap_columns = 1;
  int64_t largest_columns = isa::limits::Conv::out_columns.max;
  bool resumes = false;  // a tile goes on where the one above it ended
};

// Whether a window of horizontal stride 2 is streamed in fewer cycles with two pixels a cycle,
// which costs the cycles of loading weights that are else hidden.
bool pairs_pay(int64_t streamed_rows, int64_t streamed_columns, const hw::Config& config);

// The most output columns of a window's tile whose rows pass through the line memory.
int64_t most_window_columns(int stride_w, int tap_columns, const hw::Config& config);

// Whether a tile of a window may be as wide as the output: only then it goes on where the one above
// it ended.
bool takes_whole_rows(int out_columns, int stride_w, int tap_columns, const hw::Config& config);

// Whole rows where they fit, parts of a row otherwise; at most one accumulator bank of pixels, for
// windows two.
Tile choose_tile(int out_rows, int out_columns, const TileWork& work, const hw::Config& config);

// How many of a layer's blocks an instruction takes at once, so that neither short instructions
// pile up nor the last result comes late.
int blocks_together(int64_t pixels, int64_t blocks, const hw::Config& config);

}  // namespace zahl::plan
