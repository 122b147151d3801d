// What conv and depthwise do to the accumulators, vector by vector as docs/machine.md section 7 says it, and when.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "zahl/isa.h"

namespace zahl::test {

// Tiles and vectors of an instruction, and whether it faulted.
struct ArrayEffect {
  int64_t tiles = 0;
  int64_t vectors = 0;
  bool fault = false;
  bool overflow = false;  // of the line buffers: the accumulators are undefined
  int64_t last_result = 0;
};

class ArrayReference {
 public:
  explicit ArrayReference(const hw::Config& config)
      : config_(config),
        memory(static_cast<size_t>(config.scratchpad_bytes())),
        accumulators(static_cast<size_t>(config.accumulator_vectors() * config.columns)) {}

  ArrayEffect run(const isa::Conv& x) {
    common_ = x.common;
    effect_ = {};
    effect_.vectors = int64_t{x.out_rows} * x.out_columns;
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
                const int64_t address = x.source + oy * x.row_step + kr * x.kernel_row_step + column;
                const int64_t y = x.input_y + oy * x.y_step + kr * x.kernel_y_step;
                std::vector<int> lanes(static_cast<size_t>(rows), x.pad_value);
                int64_t first = rows, last = -1;
                for (int64_t l = 0; l < rows; ++l) {
                  const int64_t position = x.input_x + column + l;
                  if (position < 0 || position >= x.input_row_limit || y < 0 || y >= x.input_y_limit) continue;
                  first = std::min(first, l);
                  last = l;
                }
                if (last >= 0) read_bytes(address, first, last, lanes);
                const int64_t index = x.accumulator + block * effect_.vectors + oy * x.out_columns + ox;
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
    const int64_t height = int64_t{x.out_rows - 1} * x.y_step + x.tap_rows;
    const int64_t width = int64_t{x.out_columns - 1} * x.x_step + x.tap_columns;
    const bool maximum = x.operation == isa::DepthwiseOp::Maximum;
    const auto columns = static_cast<size_t>(config_.columns);
    effect_.vectors = height * width;
    if (x.tap_rows > 1 && width > config_.line_buffer_pixels) effect_.fault = effect_.overflow = true;
    for (int64_t block = 0; block < x.blocks; ++block) {
      for (int64_t pass = 0; pass < x.passes; ++pass) {
        read_weights(int64_t{x.weights}, maximum ? 0 : x.weight_zero);
        std::vector<std::vector<int>> image;
        for (int64_t r = 0; r < height; ++r) {
          for (int64_t q = 0; q < width; ++q) {
            std::vector<int> vector(columns, x.pad_value);
            const int64_t row = pass * x.tap_rows + r;
            const int64_t position = x.input_x + q * x.pixel_step, y = x.input_y + row;
            if (position >= 0 && position < x.input_row_limit && y >= 0 && y < x.input_y_limit) {
              read_bytes(x.source + block * config_.columns + row * x.row_step + q * x.pixel_step, 0,
                         config_.columns - 1, vector);
            }
            image.push_back(vector);
          }
        }
        for (int64_t oy = 0; oy < x.out_rows; ++oy) {
          for (int64_t ox = 0; ox < x.out_columns; ++ox) {
            const int64_t index = x.accumulator + block * x.out_rows * x.out_columns + oy * x.out_columns + ox;
            combine(index, x.accumulate == 0 && pass == 0, maximum, [&](int64_t c) {
              std::vector<int> lanes(static_cast<size_t>(config_.rows), 0);
              for (int64_t i = 0; i < x.tap_rows; ++i) {
                for (int64_t j = 0; j < x.tap_columns; ++j) {
                  const int64_t pixel = (oy * x.y_step + i) * width + ox * x.x_step + j;
                  lanes[static_cast<size_t>(i * x.tap_columns + j)] =
                      image[static_cast<size_t>(pixel)][static_cast<size_t>(c)];
                }
              }
              return maximum ? largest(lanes, c) : dot(lanes, c);
            });
          }
        }
      }
    }
    return effect_;
  }

 private:
  const hw::Config& config_;
  isa::Common common_;
  ArrayEffect effect_;
  std::vector<int> weights_;  // of the tile, [lane][column], zero point subtracted

 public:
  std::vector<uint8_t> memory;
  std::vector<int32_t> accumulators;

 private:
  bool touches(int64_t byte, uint32_t banks) const {
    if (byte < 0 || byte >= config_.scratchpad_bytes()) return false;
    return (banks >> (byte / config_.scratchpad_bank_bytes) & 1) != 0;
  }

  void read_bytes(int64_t address, int64_t first, int64_t last, std::vector<int>& lanes) {
    const bool good = touches(address + first, common_.read_banks) && touches(address + last, common_.read_banks);
    effect_.fault |= !good;
    for (int64_t l = first; l <= last; ++l) {
      lanes[static_cast<size_t>(l)] = good ? static_cast<int8_t>(memory[static_cast<size_t>(address + l)]) : 0;
    }
  }

  void read_weights(int64_t weights, int zero) {
    const int64_t bytes = config_.weight_tile_bytes(), columns = config_.columns, line = config_.line_bytes;
    const int64_t base = weights + effect_.tiles++ * bytes;
    weights_.assign(static_cast<size_t>(bytes), 0);
    std::vector<int> data(static_cast<size_t>(line));
    for (int64_t m = 0; m < bytes; ++m) {
      if (m % line == 0) read_bytes(base + m, 0, line - 1, data);
      const int64_t lane = m / (4 * columns) * 4 + m % 4, column = m % (4 * columns) / 4;
      weights_[static_cast<size_t>(lane * columns + column)] = data[static_cast<size_t>(m % line)] - zero;
    }
  }

  int weight(int64_t lane, int64_t column) const {
    return weights_[static_cast<size_t>(lane * config_.columns + column)];
  }

  int32_t dot(const std::vector<int>& lanes, int64_t column) const {
    int32_t sum = 0;
    for (int64_t l = 0; l < config_.rows; ++l) sum += lanes[static_cast<size_t>(l)] * weight(l, column);
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
