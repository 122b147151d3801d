// How many cycles an instruction takes: the formulas of docs/machine.md as functions of the
// instruction and the machine, each named there. The delays are those of isa/hw.toml.
//
// Used by the model, the compiler's estimates and the reports. The RTL and engines/reference have
// their own, so that a mistake here does not hide. What depends on the memory's answers is no
// formula: memory/ideal_memory.h.
#pragma once

#include <algorithm>
#include <cstdint>

#include "contract/tables.h"
#include "generated/isa.h"
#include "isa/round.h"

namespace zahl::timing {

// Section 6: the cut of rows into bursts, and of bursts into beats.

// Bytes of the next burst of a row of which `left` bytes are left from `address` on.
// REQUIRES: burst_bytes and bus_bytes are powers of two, as every machine has them.
inline uint32_t burst_length(uint64_t address, uint32_t left, uint32_t burst_bytes) {
  return std::min(left, burst_bytes - static_cast<uint32_t>(address & (burst_bytes - 1)));
}
// Beats that `bytes` bytes from `address` on touch. Of a row, it is also the sum over its bursts,
// since those are cut at multiples of a beat.
inline uint32_t beats(uint64_t address, uint32_t bytes, uint32_t bus_bytes) {
  return ceil_div(static_cast<uint32_t>(address & (bus_bytes - 1)) + bytes, bus_bytes);
}
// Beats of all rows of a load or store.
template <class Transfer>
int64_t transfer_beats(const Transfer& x, const hw::Config& config) {
  int64_t sum = 0;
  uint64_t address = x.dram;
  for (uint32_t row = 0; row < x.rows; ++row) {
    sum += beats(address, x.row_bytes, static_cast<uint32_t>(config.bus_bytes));
    address += static_cast<uint64_t>(int64_t{x.dram_step});
  }
  return sum;
}

// Section 7: the array. H and W of a depthwise, in pixels, and the vectors of a row.
inline int64_t streamed_rows(int64_t out_rows, int64_t y_step, int64_t tap_rows, bool resume) {
  return resume ? out_rows * y_step : (out_rows - 1) * y_step + tap_rows;
}
inline int64_t streamed_rows(const isa::Depthwise& x) {
  return streamed_rows(x.out_rows, x.y_step, x.tap_rows, x.resume != 0);
}
inline int64_t streamed_columns(int64_t out_columns, int64_t x_step, int64_t tap_columns) {
  return (out_columns - 1) * x_step + tap_columns;
}
inline int64_t streamed_columns(const isa::Depthwise& x) {
  return streamed_columns(x.out_columns, x.x_step, x.tap_columns);
}
inline int64_t row_vectors(int64_t streamed_columns, bool pairs) {
  return pairs ? (streamed_columns + 1) / 2 : streamed_columns;
}

// An instruction of the array: T tiles of S vectors, each tile of L lines of weights.
struct TileSequence {
  int64_t tiles = 1, vectors = 0;
  bool has_second = false;  // a second stream takes the weight port while it streams
  int64_t lines = 0;

  // Cycles from a tile's first vector to the next one's: q_(j+1) - q_j.
  int64_t apart() const { return has_second ? vectors + lines : std::max(vectors, lines); }
  // From the first tile's first vector to the last one's.
  int64_t to_last_tile() const { return (tiles - 1) * apart(); }
  int64_t streaming_cycles() const { return tiles * vectors; }
  // Cycles in which the weight port is taken.
  int64_t port_cycles() const { return tiles * (has_second ? vectors + lines : lines); }
  // q_0, from the end e.
  int64_t first(int64_t end) const { return end - hw::kArrayPipeline - vectors - to_last_tile(); }
};

inline TileSequence tile_sequence(const isa::Conv& x, const hw::Config& config) {
  return {int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks,
          int64_t{x.out_rows} * x.out_columns, x.split != 0, config.weight_tile_lines()};
}
inline TileSequence tile_sequence(const isa::Depthwise& x, const hw::Config& config) {
  return {int64_t{x.blocks} * x.passes,
          streamed_rows(x) * row_vectors(streamed_columns(x), x.pairs != 0), x.pairs != 0,
          config.weight_tile_lines()};
}
// REQUIRES: an instruction of the array.
inline TileSequence tile_sequence(const isa::Instruction& x, const hw::Config& config) {
  const auto* conv = std::get_if<isa::Conv>(&x);
  return conv != nullptr ? tile_sequence(*conv, config)
                         : tile_sequence(std::get<isa::Depthwise>(x), config);
}

struct ArrayCycles {
  int64_t first;     // q_0
  int64_t streamed;  // the cycle after the last streamed vector, Q of the next instruction
  int64_t ready;
  int64_t end;  // e
};
// Of an instruction started at `s` where the one before has streamed before `streamed` (Q).
inline ArrayCycles array_cycles(const TileSequence& x, int64_t s, int64_t streamed) {
  const int64_t first = std::max(s + 1 + x.lines, streamed), last = first + x.to_last_tile();
  const int64_t behind = last + x.vectors;
  return {first, behind, x.has_second ? behind : last + 1, behind + hw::kArrayPipeline};
}

// Section 8: post. Lines of 32-bit and of 8-bit channel parameters, and P, those of a block.
inline int word_lines(const hw::Config& config) {
  return ceil_div(4 * config.columns, config.line_bytes);
}
inline int shift_lines(const hw::Config& config) {
  return ceil_div(config.columns, config.line_bytes);
}
inline int parameter_lines(bool uniform, const hw::Config& config) {
  return uniform ? word_lines(config) : 2 * word_lines(config) + shift_lines(config);
}

// Cycles from start to end, e - s.
inline int64_t drain_cycles(int64_t blocks, int64_t pixels, int64_t parameter_lines) {
  return blocks * (parameter_lines + pixels) + hw::kDrainPipeline;
}
inline int64_t post_cycles(const isa::Drain& x, const hw::Config& config) {
  return drain_cycles(x.blocks, int64_t{x.out_rows} * x.out_columns,
                      parameter_lines(x.uniform != 0, config));
}
inline int64_t post_cycles(const isa::Eltwise& x, const hw::Config& config) {
  return x.rows * ceil_div(int64_t{x.row_bytes}, config.columns) + hw::kEltwisePipeline;
}
inline int64_t post_cycles(const isa::SetTable&, const hw::Config& config) {
  return kTableBytes / config.line_bytes + hw::kTablePipeline;
}
inline int64_t post_cycles(const isa::Softmax& x, const hw::Config&) {
  constexpr int kDelays =
      hw::kSoftmaxMaximum + hw::kSoftmaxSum + hw::kSoftmaxReciprocal + hw::kSoftmaxOutput;
  return 1 + x.rows * (3 * int64_t{x.row_bytes} + kDelays);
}

}  // namespace zahl::timing
