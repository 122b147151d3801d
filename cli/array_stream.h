// When the array streams: the formulas of docs/machine.md, section 7, for reports.
#pragma once

#include <algorithm>

#include "zahl/isa.h"

namespace zahl::cli {

struct ArrayStream {
  int64_t tiles = 0, vectors = 0;  // of weights; of each tile
  int64_t weight_lines = 0;        // of each tile: cycles of the weight port

  int64_t period() const { return std::max(vectors, weight_lines); }
  int64_t streaming_cycles() const { return tiles * vectors; }
  int64_t weight_port_cycles() const { return tiles * weight_lines; }
  // The cycle of the first vector of an instruction that ended in cycle `end`.
  int64_t first(int64_t end) const { return end - hw::kArrayPipeline - vectors - (tiles - 1) * period(); }
};

// REQUIRES: an instruction of the array.
inline ArrayStream array_stream(const isa::Instruction& instruction, const hw::Config& config) {
  ArrayStream s;
  s.weight_lines = config.weight_tile_lines();
  if (const auto* c = std::get_if<isa::Conv>(&instruction)) {
    s.tiles = int64_t{c->blocks} * c->kernel_rows * c->kernel_columns * c->chunks;
    s.vectors = int64_t{c->out_rows} * c->out_columns;
  } else {
    const auto& d = std::get<isa::Depthwise>(instruction);
    s.tiles = int64_t{d.blocks} * d.passes;
    s.vectors =
        ((int64_t{d.out_rows} - 1) * d.y_step + d.tap_rows) * ((int64_t{d.out_columns} - 1) * d.x_step + d.tap_columns);
  }
  return s;
}

}  // namespace zahl::cli
