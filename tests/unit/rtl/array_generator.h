// Random instructions of the array.
#pragma once

#include <algorithm>
#include <optional>
#include <random>

#include "tests/unit/rtl/array_driver.h"

namespace zahl::test {

// Random instructions, small enough to check, mostly inside of the scratchpad, with all shapes of
// padding.
class Generator {
 public:
  Generator(const hw::Config& config, std::mt19937& random) : config_(config), random_(random) {}

  int64_t pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  uint32_t count(uint32_t high) {
    return static_cast<uint32_t>(random_() % 2 == 0 ? 1 : pick(1, high));
  }

  ArrayInstruction next() {
    if (random_() % 2 == 0) return conv();
    return depthwise();
  }

  ArrayInstruction conv() {
    isa::Conv x;
    place(x);
    x.y_step = static_cast<uint32_t>(pick(0, 3));
    x.out_rows = count(6);
    x.out_columns = count(random_() % 4 == 0 ? 60 : 10);
    x.chunks = count(4);
    x.kernel_columns = count(3);
    x.kernel_column_step = static_cast<uint32_t>(pick(0, 40));
    x.kernel_rows = count(3);
    x.kernel_row_step = static_cast<uint32_t>(pick(0, 800));
    x.kernel_y_step = static_cast<uint32_t>(pick(0, 2));
    x.blocks = count(3);
    if (random_() % 2 == 0) split(x);
    return x;
  }

  // The second stream mostly lies near, so that either or both have padding; sometimes far, where
  // it faults alone.
  void split(isa::Conv& x) {
    x.split = static_cast<uint32_t>(pick(0, config_.rows - 1));
    x.second_step =
        static_cast<int32_t>(random_() % 20 == 0 ? pick(-2097152, 2097151) : pick(-2000, 2000));
    x.second_x = static_cast<int32_t>(random_() % 30 == 0 ? pick(-524288, 524287) : pick(-60, 60));
    x.second_y = static_cast<uint32_t>(random_() % 2 == 0 ? pick(0, 3) : pick(0, 15));
  }

  ArrayInstruction depthwise() {
    isa::Depthwise x;
    place(x);
    x.operation = random_() % 3 == 0 ? isa::DepthwiseOp::Maximum : isa::DepthwiseOp::MultiplyAdd;
    x.x_step = count(3);
    x.y_step = count(3);
    x.out_rows = count(5);
    x.out_columns = count(9);
    x.tap_rows = static_cast<uint32_t>(pick(1, 3));
    x.tap_columns = static_cast<uint32_t>(pick(1, config_.rows / x.tap_rows));
    x.passes = count(3);
    x.blocks = count(3);
    if (random_() % 2 == 0) x.pairs = 1, x.x_step = 2;
    if (random_() % 60 == 0)
      x.out_columns = static_cast<uint32_t>(pick(1, std::min(config_.line_buffer_pixels, 300)));
    place_lines(x);
    if (random_() % 2 == 0) resume(x);
    if (x.tap_rows > 1) {
      // As the line memory would be taken up again, also after others.
      window_ = x;
      if (random_() % 3 == 0) kept_ = x;
    }
    return x;
  }

  // Gives the blocks places of their own where they fit, sometimes the same or overlapping ones,
  // rarely some outside.
  void place_lines(isa::Depthwise& x) {
    const int64_t even = x.pairs != 0 ? 2 : 1, places = config_.line_buffer_pixels;
    const int64_t width = int64_t{x.out_columns - 1} * x.x_step + x.tap_columns;
    const int64_t used = (width + even - 1) / even * even;
    int64_t step = 0;
    if (random_() % 3 != 0) step = random_() % 2 == 0 ? used : pick(0, used + 8) / even * even;
    if (used + (x.blocks - 1) * step > places) step = 0;
    const int64_t last = std::max<int64_t>(places - used - (x.blocks - 1) * step, 0);
    int64_t base = random_() % 4 == 0 ? last : pick(0, last);
    if (random_() % 100 == 0) base = last + pick(0, 8);
    if (random_() % 200 == 0) base = pick(0, 4095), step = pick(0, 4095);
    x.line_base = static_cast<uint32_t>(base / even * even);
    x.line_step = static_cast<uint32_t>(step / even * even);
  }

  // Goes on below an earlier instruction, with the same places.
  void resume(isa::Depthwise& x) {
    const auto& above = random_() % 2 == 0 ? window_ : kept_;
    if (!above) {
      if (x.tap_rows == 1) x.resume = 1, x.passes = 1;
      return;
    }
    const isa::Depthwise own = x;
    x = *above;
    if (random_() % 2 == 0) {
      // Another input and other weights, below the same rows.
      place(x);
      x.operation = own.operation;
      x.y_step = own.y_step;
    }
    x.out_rows = own.out_rows;
    x.blocks = static_cast<uint32_t>(pick(1, above->blocks));
    if (random_() % 4 == 0)
      x.tap_rows = static_cast<uint32_t>(pick(1, config_.rows / x.tap_columns)) % 3 + 1;
    if (x.tap_rows * x.tap_columns > static_cast<uint32_t>(config_.rows)) x.tap_rows = 1;
    if (random_() % 4 == 0 && x.out_columns > 1) --x.out_columns;
    x.resume = 1;
    x.passes = 1;
  }

 private:
  template <class X>
  void place(X& x) {
    const int64_t bytes = config_.scratchpad_bytes();
    x.common.read_banks = (1u << (config_.scratchpad_banks - 1) << 1) - 1;
    x.common.accumulator_banks = (1u << config_.accumulator_banks) - 1;
    if (random_() % 12 == 0) x.common.read_banks &= static_cast<uint32_t>(random_() | random_());
    if (random_() % 12 == 0) x.common.accumulator_banks &= static_cast<uint32_t>(random_());
    x.source =
        static_cast<int32_t>(random_() % 10 == 0 ? pick(-100, 100) : pick(0, bytes - bytes / 4));
    if (random_() % 30 == 0) x.source = static_cast<int32_t>(bytes - pick(0, 3000));
    x.input_x = static_cast<int32_t>(pick(-40, 20));
    x.input_row_limit = static_cast<uint32_t>(random_() % 3 == 0 ? pick(0, 60) : pick(0, 1000));
    x.input_y = static_cast<int32_t>(pick(-3, 1));
    x.input_y_limit = static_cast<uint32_t>(pick(0, 12));
    x.pad_value = static_cast<int32_t>(pick(-128, 127));
    x.pixel_step = static_cast<uint32_t>(random_() % 3 == 0 ? config_.columns : pick(0, 50));
    x.row_step = static_cast<uint32_t>(pick(0, 1000));
    if (random_() % 50 == 0)
      x.pixel_step = 0x3ffff, x.row_step = 0x3fffff, x.input_row_limit = 0xfffff;
    x.weights =
        static_cast<uint32_t>(pick(0, bytes - bytes / 4) / config_.line_bytes * config_.line_bytes);
    if (random_() % 40 == 0)
      x.weights = static_cast<uint32_t>(bytes - pick(1, 40) * config_.line_bytes);
    x.weight_zero = static_cast<int32_t>(random_() % 2 == 0 ? 0 : pick(-128, 127));
    const int64_t vectors = config_.accumulator_vectors();
    x.accumulator =
        static_cast<uint32_t>(random_() % 20 == 0 ? std::min<int64_t>(pick(0, vectors + 10), 4095)
                                                  : pick(0, vectors / 2));
    x.accumulate = random_() % 2;
  }

  const hw::Config& config_;
  std::mt19937& random_;
  std::optional<isa::Depthwise> window_, kept_;
};

}  // namespace zahl::test
