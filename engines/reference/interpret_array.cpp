// Values of the array's instructions (docs/machine.md, section 7).
#include <algorithm>

#include "engines/reference/instruction_accesses.h"
#include "engines/reference/interpreter_state.h"

namespace zahl::reference {
namespace {

// One lane of one vector of a convolution: the input byte or the padding.
int32_t conv_input(const State& state, const isa::Conv& x, int64_t oy, int64_t ox, int64_t kr,
                   int64_t kc, int64_t chunk, int64_t lane) {
  const int64_t along = ox * x.pixel_step + kc * x.kernel_column_step + chunk * state.config.rows;
  int64_t y = x.input_y + oy * x.y_step + kr * x.kernel_y_step;
  int64_t position = x.input_x + along + lane;
  int64_t address = x.source + oy * x.row_step + kr * x.kernel_row_step + along + lane;
  if (x.split && lane >= int64_t{x.split}) {
    y += x.second_y;
    position += x.second_x - int64_t{x.split};
    address += x.second_step - int64_t{x.split};
  }
  if (y < 0 || y >= int64_t{x.input_y_limit} || position < 0 ||
      position >= int64_t{x.input_row_limit}) {
    return x.pad_value;
  }
  return state.byte(address);
}

LinePlace& place_of(State& state, const isa::Depthwise& x, int64_t block, int64_t q) {
  return state.line_memory[static_cast<size_t>(first_place(x, block) + q)];
}

// One channel of a pixel of a window operation; rows above the first come from the line memory.
int32_t tap_input(State& state, const isa::Depthwise& x, int64_t block, int64_t row, int64_t q,
                  int64_t column) {
  if (row < 0) {
    const LinePlace& place = place_of(state, x, block, q);
    state.met_unspecified_data |= -row > place.rows;
    return place.channels[static_cast<size_t>(column)][static_cast<size_t>(-row - 1)];
  }
  const int64_t position = x.input_x + q * x.pixel_step;
  const int64_t y = x.input_y + row;
  if (position < 0 || position >= int64_t{x.input_row_limit} || y < 0 ||
      y >= int64_t{x.input_y_limit}) {
    return x.pad_value;
  }
  return state.byte(x.source + block * state.config.columns + row * x.row_step + q * x.pixel_step +
                    column);
}

// The taps of one pass for one output and channel, combined.
int32_t window(State& state, const isa::Depthwise& x, int64_t block, int64_t pass, int64_t oy,
               int64_t ox, int64_t column) {
  const int64_t tile = x.weights + (block * x.passes + pass) * state.config.weight_tile_bytes();
  int64_t sum = 0;
  int32_t maximum = -128;
  // A resumed window's last row, not its first, is a new one.
  const int64_t top =
      x.resume ? (oy + 1) * x.y_step - x.tap_rows : pass * x.tap_rows + oy * x.y_step;
  for (int64_t i = 0; i < int64_t{x.tap_rows}; ++i)
    for (int64_t j = 0; j < int64_t{x.tap_columns}; ++j) {
      const int32_t input = tap_input(state, x, block, top + i, ox * x.x_step + j, column);
      const int32_t weight = state.weight(tile, i * x.tap_columns + j, column);
      sum += input * (weight - x.weight_zero);
      if (weight != 0) maximum = std::max(maximum, input);
    }
  return x.operation == isa::DepthwiseOp::Maximum ? maximum : static_cast<int32_t>(sum);
}

// Moves the rows of a block through its places.
void pass_line_memory(State& state, const isa::Depthwise& x, int64_t block) {
  if (x.tap_rows < 2) return;
  for (int64_t pass = 0; pass < int64_t{x.passes}; ++pass)
    for (int64_t r = 0; r < streamed_rows(x); ++r)
      for (int64_t q = 0; q < streamed_columns(x); ++q) {
        LinePlace& place = place_of(state, x, block, q);
        place.rows = std::min(place.rows + 1, 2);
        for (int64_t column = 0; column < state.config.columns; ++column) {
          auto& kept = place.channels[static_cast<size_t>(column)];
          kept = {static_cast<int8_t>(tap_input(state, x, block, pass * x.tap_rows + r, q, column)),
                  kept[0]};
        }
      }
  // The pixel before the first of a pair leaves nothing that can be used.
  if (x.pairs && streamed_columns(x) % 2 == 1) place_of(state, x, block, -1).rows = 0;
}

// Whether the lanes beyond the taps of a tile hold the weight that does nothing.
bool is_idle_beyond_taps(const State& state, const isa::Depthwise& x, int64_t tile) {
  const int32_t idle = x.operation == isa::DepthwiseOp::Maximum ? 0 : x.weight_zero;
  for (int64_t lane = int64_t{x.tap_rows} * x.tap_columns; lane < state.config.rows; ++lane)
    for (int64_t column = 0; column < state.config.columns; ++column) {
      if (state.weight(tile, lane, column) != idle) return false;
    }
  return true;
}

}  // namespace

void execute(State& state, const isa::Conv& x) {
  const int64_t vectors = int64_t{x.out_rows} * x.out_columns;
  int64_t tile = x.weights;
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block)
    for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr)
      for (int64_t kc = 0; kc < int64_t{x.kernel_columns}; ++kc)
        for (int64_t chunk = 0; chunk < int64_t{x.chunks};
             ++chunk, tile += state.config.weight_tile_bytes())
          for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
            for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox)
              for (int64_t column = 0; column < state.config.columns; ++column) {
                int64_t sum = 0;
                for (int64_t lane = 0; lane < state.config.rows; ++lane) {
                  sum += conv_input(state, x, oy, ox, kr, kc, chunk, lane) *
                         (state.weight(tile, lane, column) - x.weight_zero);
                }
                int32_t& to = state.accumulator(
                    x.accumulator + block * vectors + oy * x.out_columns + ox, column);
                const bool overwrites = kr == 0 && kc == 0 && chunk == 0 && !x.accumulate;
                to = wrapping_add(overwrites ? 0 : to, sum);
              }
}

void execute(State& state, const isa::Depthwise& x) {
  for (int64_t tile = 0; tile < int64_t{x.blocks} * x.passes; ++tile) {
    state.met_unspecified_data |=
        !is_idle_beyond_taps(state, x, x.weights + tile * state.config.weight_tile_bytes());
  }
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    for (int64_t pass = 0; pass < int64_t{x.passes}; ++pass)
      for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
        for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox)
          for (int64_t column = 0; column < state.config.columns; ++column) {
            const int32_t value = window(state, x, block, pass, oy, ox, column);
            int32_t& to = state.accumulator(
                x.accumulator + (block * x.out_rows + oy) * x.out_columns + ox, column);
            if (pass == 0 && !x.accumulate) {
              to = value;
            } else {
              to = x.operation == isa::DepthwiseOp::Maximum ? std::max(to, value)
                                                            : wrapping_add(to, value);
            }
          }
    pass_line_memory(state, x, block);
  }
}

}  // namespace zahl::reference
