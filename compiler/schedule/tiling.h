// How output pixels are cut into tiles that the accumulators hold.
#pragma once

#include <cstdint>

#include "zahl/isa.h"

namespace zahl::schedule {

struct Tile {
  int rows = 1, columns = 1;
  int64_t pixels() const { return int64_t{rows} * columns; }
};

// Whole rows where they fit, parts of a row otherwise; tiles of about equal size, at most `vectors` pixels.
Tile choose_tile(int out_rows, int out_columns, int64_t vectors);

// The same for a window that slides over the input: as few streamed pixels as possible, at most `largest_columns` output columns.
// Takes one accumulator bank, or two where that saves more than a tenth.
Tile choose_window_tile(int out_rows, int out_columns, int stride_h, int stride_w, int tap_rows, int tap_columns,
                        int largest_columns, const hw::Config& config);

}  // namespace zahl::schedule
