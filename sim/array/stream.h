// How an array instruction streams: the figures that its timing follows from (docs/machine.md,
// section 7).
#pragma once

#include <algorithm>

#include "generated/isa.h"

namespace zahl::sim {

// Pixels that a depthwise pass streams, and the vectors of each of its rows.
inline int64_t streamed_rows(const isa::Depthwise& x) {
  return x.resume != 0 ? int64_t{x.out_rows} * x.y_step
                       : (int64_t{x.out_rows} - 1) * x.y_step + x.tap_rows;
}
inline int64_t streamed_columns(const isa::Depthwise& x) {
  return (int64_t{x.out_columns} - 1) * x.x_step + x.tap_columns;
}
inline int64_t row_vectors(const isa::Depthwise& x) {
  return x.pairs != 0 ? (streamed_columns(x) + 1) / 2 : streamed_columns(x);
}

struct Stream {
  int64_t tiles = 0, vectors = 0;  // vectors of each tile
  bool has_second = false;         // a second stream takes the weight port while it streams
  int64_t lines = 0;               // of a weight tile

  // Cycles from a tile's first vector to the next one's.
  int64_t apart() const { return has_second ? vectors + lines : std::max(vectors, lines); }
  // From the first tile's first vector to the last one's.
  int64_t to_last_tile() const { return (tiles - 1) * apart(); }
  int64_t streaming_cycles() const { return tiles * vectors; }
  // Cycles in which the weight port is taken.
  int64_t port_cycles() const { return tiles * (has_second ? vectors + lines : lines); }
  // The cycle of the first vector of an instruction that ends in cycle `end`.
  int64_t first(int64_t end) const { return end - hw::kArrayPipeline - vectors - to_last_tile(); }
};

inline Stream stream_of(const isa::Conv& x, const hw::Config& config) {
  return {int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks,
          int64_t{x.out_rows} * x.out_columns, x.split != 0, config.weight_tile_lines()};
}

inline Stream stream_of(const isa::Depthwise& x, const hw::Config& config) {
  return {int64_t{x.blocks} * x.passes, streamed_rows(x) * row_vectors(x), x.pairs != 0,
          config.weight_tile_lines()};
}

// REQUIRES: an instruction of the array.
inline Stream stream_of(const isa::Instruction& x, const hw::Config& config) {
  const auto* conv = std::get_if<isa::Conv>(&x);
  return conv != nullptr ? stream_of(*conv, config)
                         : stream_of(std::get<isa::Depthwise>(x), config);
}

}  // namespace zahl::sim
