// How a convolution's kernel meets the array's lanes (docs/machine.md, section 7).
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "generated/isa.h"

namespace zahl::plan {

// Tiles whose vectors join bytes of two kernel rows; one instruction streams them all.
struct JoinedRun {
  int first_row = 0, row_step = 1, tiles = 1;  // kernel row of the first tile, rows to the next one
  int offset = 0;                              // byte in the kernel row
  int split = 0;  // lanes of that row; the others are the first bytes of the row below. 0: all are
                  // of that row
};

struct Reduction {
  bool is_flattened = false;  // a kernel row is one run of kernel_w * channels bytes
  int kernel_rows = 1;
  int kernel_columns = 1;  // positions visited one by one: 1 where flattened
  int chunks = 1;          // steps of `rows` lanes at one position
  std::vector<JoinedRun>
      joined;  // instead of the loops over rows and chunks, where that takes fewer cycles
  int tiles() const;
};

// `output` is the shape of the convolution's result, which tells how long a tile streams.
Reduction reduction_of(const ir::Conv& conv, int input_channels, const ir::Shape& output,
                       const hw::Config& config);

}  // namespace zahl::plan
