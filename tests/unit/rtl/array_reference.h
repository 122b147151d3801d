// What conv and depthwise do to the accumulators, vector by vector as docs/machine.md section 7
// says it, and when.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "generated/isa.h"

namespace zahl::test {

// Tiles and vectors of an instruction, and whether it faulted.
struct ArrayEffect {
  int64_t tiles = 0;
  int64_t vectors = 0;
  bool second = false;  // it has a second stream
  bool fault = false;
  bool undefined = false;  // the accumulators are: a place outside of the line memory, or one that
                           // nothing passed
  int64_t last_result = 0;
};

class ArrayReference {
 public:
  explicit ArrayReference(const hw::Config& config)
      : config_(config),
        memory(static_cast<size_t>(config.scratchpad_bytes())),
        accumulators(static_cast<size_t>(config.accumulator_vectors() * config.columns)),
        lines_(static_cast<size_t>(config.line_buffer_pixels)) {}

  ArrayEffect run(const isa::Conv& x) {
    common_ = x.common;
    effect_ = {};
    effect_.vectors = int64_t{x.out_rows} * x.out_columns;
    effect_.second = x.split != 0;
    const int64_t rows = config_.rows;
    for (int64_t block = 0; block < x.blocks; ++block) {
      bool overwrite = x.accumulate == 0;
      for (int64_t kr = 0; kr < x.kernel_rows; ++kr) {
        for (int64_t kc = 0; kc < x.kernel_columns; ++kc) {
          for (int64_t j = 0; j < x.chunks; ++j) {
            read_weights(int64_t{x.weights}, x.weight_zero);
            for (int64_t oy = 0; oy < x.out_rows; ++oy) {
              for (int64_t ox = 0; ox < x.out_columns; ++ox) {
                const int64_t column = ox * x.pixel_step + kc * x.kernel_column_step + j * rows;
                const int64_t address =
                    x.source + oy * x.row_step + kr * x.kernel_row_step + column;
                const int64_t y = x.input_y + oy * x.y_step + kr * x.kernel_y_step;
                const int64_t position = x.input_x + column, split = x.split == 0 ? rows : x.split;
                std::vector<int> lanes(static_cast<size_t>(rows), x.pad_value);
                read_lanes(x, address, position, y, 0, split, lanes);
                read_lanes(x, address + x.second_step - split, position + x.second_x - split,
                           y + x.second_y, split, rows, lanes);
                const int64_t index =
                    x.accumulator + block * effect_.vectors + oy * x.out_columns + ox;
                combine(index, overwrite, false, [&](int64_t c) { return dot(lanes, c); });
              }
            }
            overwrite = false;
          }
        }
      }
    }
    return effect_;
  }

  ArrayEffect run(const isa::Depthwise& x) {
    common_ = x.common;
    effect_ = {};
    const int64_t height =
        x.resume != 0 ? int64_t{x.out_rows} * x.y_step : (x.out_rows - 1) * x.y_step + x.tap_rows;
    const int64_t width = int64_t{x.out_columns - 1} * x.x_step + x.tap_columns;
    const int64_t half = x.pairs != 0 ? width % 2 : 0;
    effect_.vectors = x.pairs != 0 ? height * ((width + 1) / 2) : height * width;
    effect_.second = x.pairs != 0;
    for (int64_t block = 0; block < x.blocks; ++block) {
      for (int64_t pass = 0; pass < x.passes; ++pass) {
        read_weights(int64_t{x.weights},
                     x.operation == isa::DepthwiseOp::Maximum ? 0 : x.weight_zero);
        const int64_t place = x.line_base + block * x.line_step;
        int64_t output = x.accumulator + block * x.out_rows * x.out_columns;
        for (int64_t r = 0; r < height; ++r) {
          if (half != 0 && x.tap_rows > 1) pass_line_memory(place, {});
          std::vector<Stack> row;
          for (int64_t q = 0; q < width; ++q) {
            const Pixel pixel = read_pixel(x, block, pass * x.tap_rows + r, q);
            row.push_back(x.tap_rows > 1 ? pass_line_memory(place + q + half, pixel)
                                         : Stack{pixel});
          }
          const int64_t first = x.resume != 0 ? x.y_step - 1 : x.tap_rows - 1;
          if (r < first || (r - first) % x.y_step != 0) continue;
          for (int64_t ox = 0; ox < x.out_columns; ++ox)
            window_result(x, row, ox * x.x_step, output++, pass == 0);
        }
      }
    }
    return effect_;
  }

 private:
  // The bytes of a pixel, one a channel; empty: undefined.
  using Pixel = std::vector<int>;
  // A pixel with those above it: of the same row, the row before, the one before that.
  using Stack = std::array<Pixel, 3>;

  Pixel read_pixel(const isa::Depthwise& x, int64_t block, int64_t r, int64_t q) {
    Pixel pixel(static_cast<size_t>(config_.columns), x.pad_value);
    const int64_t position = x.input_x + q * x.pixel_step, y = x.input_y + r;
    if (position >= 0 && position < x.input_row_limit && y >= 0 && y < x.input_y_limit) {
      read_bytes(x.source + block * config_.columns + r * x.row_step + q * x.pixel_step, 0,
                 config_.columns - 1, pixel);
    }
    return pixel;
  }

  Stack pass_line_memory(int64_t place, const Pixel& pixel) {
    if (place >= config_.line_buffer_pixels) {
      effect_.fault = effect_.undefined = true;
      for (auto& line : lines_) line = {};
      return {};
    }
    Line& line = lines_[static_cast<size_t>(place)];
    const Stack stack = {pixel, line[0], line[1]};
    line = {pixel, line[0]};
    return stack;
  }

  void window_result(const isa::Depthwise& x, const std::vector<Stack>& row, int64_t q,
                     int64_t index, bool first) {
    std::vector<std::vector<int>> channels(static_cast<size_t>(config_.columns),
                                           std::vector<int>(static_cast<size_t>(config_.rows), 0));
    for (uint32_t i = 0; i < x.tap_rows; ++i) {
      for (uint32_t j = 0; j < x.tap_columns; ++j) {
        const Pixel& pixel = row[static_cast<size_t>(q) + j][x.tap_rows - 1 - i];
        if (pixel.empty()) effect_.undefined = true;
        for (size_t c = 0; c < pixel.size(); ++c) channels[c][i * x.tap_columns + j] = pixel[c];
      }
    }
    const bool maximum = x.operation == isa::DepthwiseOp::Maximum;
    combine(index, x.accumulate == 0 && first, maximum, [&](int64_t c) {
      const auto& lanes = channels[static_cast<size_t>(c)];
      return maximum ? largest(lanes, c) : dot(lanes, c);
    });
  }

  // One access of a conv's vector: lanes from `low` on, below `high`; lane l lies at address + l.
  void read_lanes(const isa::Conv& x, int64_t address, int64_t position, int64_t y, int64_t low,
                  int64_t high, std::vector<int>& lanes) {
    int64_t first = high, last = -1;
    for (int64_t l = low; l < high; ++l) {
      if (position + l < 0 || position + l >= x.input_row_limit || y < 0 || y >= x.input_y_limit)
        continue;
      first = std::min(first, l);
      last = l;
    }
    if (last >= 0) read_bytes(address, first, last, lanes);
  }

  const hw::Config& config_;
  isa::Common common_;
  ArrayEffect effect_;
  std::vector<int> weights_;  // of the tile, [lane][column], zero point subtracted

 public:
  std::vector<uint8_t> memory;
  std::vector<int32_t> accumulators;

 private:
  // Of each place the last pixel that passed it and the one before that.
  using Line = std::array<Pixel, 2>;
  std::vector<Line> lines_;

  bool touches(int64_t byte, uint32_t banks) const {
    if (byte < 0 || byte >= config_.scratchpad_bytes()) return false;
    return (banks >> (byte / config_.scratchpad_bank_bytes) & 1) != 0;
  }

  void read_bytes(int64_t address, int64_t first, int64_t last, std::vector<int>& lanes) {
    const bool good =
        touches(address + first, common_.read_banks) && touches(address + last, common_.read_banks);
    effect_.fault |= !good;
    for (int64_t l = first; l <= last; ++l) {
      lanes[static_cast<size_t>(l)] =
          good ? static_cast<int8_t>(memory[static_cast<size_t>(address + l)]) : 0;
    }
  }

  void read_weights(int64_t weights, int zero) {
    const int64_t bytes = config_.weight_tile_bytes(), columns = config_.columns,
                  line = config_.line_bytes;
    const int64_t base = weights + effect_.tiles++ * bytes;
    weights_.assign(static_cast<size_t>(bytes), 0);
    std::vector<int> data(static_cast<size_t>(line));
    for (int64_t m = 0; m < bytes; ++m) {
      if (m % line == 0) read_bytes(base + m, 0, line - 1, data);
      const int64_t lane = m / (4 * columns) * 4 + m % 4, column = m % (4 * columns) / 4;
      weights_[static_cast<size_t>(lane * columns + column)] =
          data[static_cast<size_t>(m % line)] - zero;
    }
  }

  int weight(int64_t lane, int64_t column) const {
    return weights_[static_cast<size_t>(lane * config_.columns + column)];
  }

  int32_t dot(const std::vector<int>& lanes, int64_t column) const {
    int32_t sum = 0;
    for (int64_t l = 0; l < config_.rows; ++l)
      sum += lanes[static_cast<size_t>(l)] * weight(l, column);
    return sum;
  }

  int32_t largest(const std::vector<int>& lanes, int64_t column) const {
    int32_t result = -128;
    for (int64_t l = 0; l < config_.rows; ++l) {
      if (weight(l, column) != 0) result = std::max(result, lanes[static_cast<size_t>(l)]);
    }
    return result;
  }

  template <class F>
  void combine(int64_t index, bool overwrite, bool maximum, F&& value) {
    effect_.last_result = index;
    if (index >= config_.accumulator_vectors() ||
        (common_.accumulator_banks >> (index / config_.accumulator_bank_vectors) & 1) == 0) {
      effect_.fault = true;
      return;
    }
    for (int64_t c = 0; c < config_.columns; ++c) {
      int32_t& sum = accumulators[static_cast<size_t>(index * config_.columns + c)];
      const int32_t x = value(c);
      if (overwrite) {
        sum = x;
      } else if (maximum) {
        sum = std::max(sum, x);
      } else {
        sum = static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(x));
      }
    }
  }
};

}  // namespace zahl::test
