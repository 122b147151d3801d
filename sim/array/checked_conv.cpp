// A conv instruction access by access: what is not allowed reads as zero or is dropped, and is
// remembered.
#include <array>

#include "sim/array/conv.h"

namespace zahl::sim {

bool Conv::execute_checked(const isa::Conv& x, Storage& storage, bool compute_values) {
  const int rows = config_.rows, columns = config_.columns, line = config_.line_bytes;
  const uint8_t* const scratchpad = storage.scratchpad.data();
  bool fault = false;
  std::vector<int8_t> weights(static_cast<size_t>(config_.weight_tile_bytes()));
  std::array<int8_t, 64> input{};

  const auto read_weights = [&](int64_t address) {
    for (int64_t at = 0; at < config_.weight_tile_bytes(); at += line) {
      const bool is_allowed = storage.scratchpad.allows(address + at, line, x.common.read_banks);
      fault |= !is_allowed;
      int8_t* to = weights.data() + at;
      if (is_allowed) {
        std::memcpy(to, scratchpad + address + at, static_cast<size_t>(line));
      } else {
        std::memset(to, 0, static_cast<size_t>(line));
      }
    }
  };
  // Lanes [begin, end); `position` and `address` are those of lane `begin`.
  const auto read_lanes = [&](int begin, int end, int64_t y, int64_t position, int64_t address) {
    int first = end, last = -1;
    for (int lane = begin; lane < end; ++lane) {
      const int64_t at = position + lane - begin;
      const bool is_valid =
          y >= 0 && y < int64_t{x.input_y_limit} && at >= 0 && at < int64_t{x.input_row_limit};
      input[static_cast<size_t>(lane)] = static_cast<int8_t>(is_valid ? 0 : x.pad_value);
      if (is_valid) first = std::min(first, lane), last = lane;
    }
    if (last < 0) return;
    address += first - begin;
    if (storage.scratchpad.allows(address, last - first + 1, x.common.read_banks)) {
      std::memcpy(input.data() + first, scratchpad + address,
                  static_cast<size_t>(last - first + 1));
    } else {
      fault = true;
    }
  };
  const auto read_input = [&](int64_t y, int64_t position, int64_t address) {
    const int split = x.split == 0 ? rows : static_cast<int>(x.split);
    read_lanes(0, split, y, position, address);
    if (split < rows)
      read_lanes(split, rows, y + x.second_y, position + x.second_x, address + x.second_step);
  };
  const auto accumulate = [&](int64_t vector, bool overwrite) {
    if (!storage.accumulators.allows(vector, 1, x.common.accumulator_banks)) {
      fault = true;
      return;
    }
    int32_t* to = storage.accumulators.data() + vector * columns;
    for (int column = 0; column < columns; ++column) {
      uint32_t sum = overwrite ? 0 : static_cast<uint32_t>(to[column]);
      for (int lane = 0; lane < rows; ++lane) {
        const int weight =
            weights[static_cast<size_t>(lane / 4 * 4 * columns + column * 4 + lane % 4)];
        sum += static_cast<uint32_t>(input[static_cast<size_t>(lane)] * (weight - x.weight_zero));
      }
      to[column] = static_cast<int32_t>(sum);
    }
  };

  int64_t tile = x.weights;
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block)
    for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr)
      for (int64_t kc = 0; kc < int64_t{x.kernel_columns}; ++kc)
        for (int64_t chunk = 0; chunk < int64_t{x.chunks};
             ++chunk, tile += config_.weight_tile_bytes()) {
          if (fault && !compute_values) return false;
          read_weights(tile);
          for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
            for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox) {
              const int64_t along = ox * x.pixel_step + kc * x.kernel_column_step + chunk * rows;
              read_input(x.input_y + oy * x.y_step + kr * x.kernel_y_step, x.input_x + along,
                         x.source + oy * x.row_step + kr * x.kernel_row_step + along);
              const int64_t vector = x.accumulator + (block * x.out_rows + oy) * x.out_columns + ox;
              if (compute_values) {
                accumulate(vector, kr == 0 && kc == 0 && chunk == 0 && x.accumulate == 0);
              } else {
                fault |= !storage.accumulators.allows(vector, 1, x.common.accumulator_banks);
              }
            }
        }
  return !fault;
}

}  // namespace zahl::sim
