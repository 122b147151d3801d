// The instruction that ends every tile of the array: requantize and write.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"

namespace zahl::lower {

// Where the result of a tile goes.
struct DrainTarget {
  int64_t address = 0;  // of the tile's first pixel, first channel
  int64_t pixel_step = 0, row_step = 0;
  int rows = 1, columns = 1;
  int blocks = 1;
  int channels = 1;  // in all blocks together
};

// `parameters` is the address of the channel parameters of these blocks; `table_slot` counts only
// where there is a table.
void emit_drain(Context& context, const ir::Requant& requant, const DrainTarget& target,
                int64_t accumulator, int64_t parameters, uint32_t table_slot);

}  // namespace zahl::lower
