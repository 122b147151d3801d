#include "sim/array/conv.h"

#include <algorithm>

#include "isa/round.h"

namespace zahl::sim {

bool row_is_valid(const isa::Conv& x, int64_t oy, int64_t kr) {
  const int64_t y = int64_t{x.input_y} + oy * x.y_step + kr * x.kernel_y_step;
  return y >= 0 && y < int64_t{x.input_y_limit};
}

int64_t row_address(const isa::Conv& x, int64_t oy, int64_t kr) {
  return int64_t{x.source} + oy * x.row_step + kr * x.kernel_row_step;
}

int64_t Conv::pixel_span(const isa::Conv& x, int64_t lanes) const {
  return (int64_t{x.kernel_columns} - 1) * x.kernel_column_step +
         (int64_t{x.chunks} - 1) * config_.rows + lanes;
}

int64_t Conv::row_span(const isa::Conv& x, int64_t lanes) const {
  return (int64_t{x.out_columns} - 1) * x.pixel_step + pixel_span(x, lanes);
}

bool Conv::source_allowed(const isa::Conv& x, int64_t lanes, const Storage& storage) {
  // What a valid row touches lies between these, counted from its first tap.
  const int64_t first = std::max<int64_t>(0, -int64_t{x.input_x});
  const int64_t end = std::min(row_span(x, lanes), int64_t{x.input_row_limit} - x.input_x);
  if (first >= end) return true;
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy) {
    for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr) {
      if (!row_is_valid(x, oy, kr)) continue;
      low = std::min(low, row_address(x, oy, kr));
      high = std::max(high, row_address(x, oy, kr));
    }
  }
  if (low > high) return true;
  if (storage.scratchpad.allows(low + first, high + end - low - first, x.common.read_banks)) {
    source_banks_ |= storage.scratchpad.banks(low + first, high + end - low - first);
    return true;
  }
  source_banks_ = x.common.read_banks;
  for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy) {
    for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr) {
      if (!row_is_valid(x, oy, kr)) continue;
      if (!storage.scratchpad.allows(row_address(x, oy, kr) + first, end - first,
                                     x.common.read_banks))
        return false;
    }
  }
  return true;
}

bool Conv::allowed(const isa::Conv& x, const Storage& storage) {
  source_banks_ = 0;
  const int64_t tiles = int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks;
  return storage.scratchpad.allows(x.weights, tiles * config_.weight_tile_bytes(),
                                   x.common.read_banks) &&
         storage.accumulators.allows(x.accumulator, x.blocks * vectors_of(x),
                                     x.common.accumulator_banks) &&
         (x.split == 0
              ? source_allowed(x, config_.rows, storage)
              : source_allowed(x, x.split, storage) &&
                    source_allowed(second_stream(x), config_.rows - int64_t{x.split}, storage));
}

bool Conv::execute(const isa::Conv& x, Storage& storage, bool compute_values) {
  if (!allowed(x, storage)) return execute_checked(x, storage, compute_values);
  if (compute_values) compute(x, storage);
  return true;
}

void Conv::compute(const isa::Conv& x, Storage& storage) {
  kernels::ConvJob job;
  job.has_sums = has_inputs_of(x, storage);
  if (!job.has_sums) x.split != 0 ? gather_inputs(x, storage) : find_inputs(x, storage);
  job.columns = config_.columns;
  job.blocks = static_cast<int>(x.blocks);
  job.vectors = static_cast<int>(vectors_of(x));
  job.kernel_rows = static_cast<int>(x.kernel_rows);
  job.kernel_columns = static_cast<int>(x.kernel_columns);
  job.groups = static_cast<int>(x.chunks) * config_.rows / 4;
  job.kernel_column_step =
      x.split != 0 ? int64_t{x.chunks} * config_.rows : int64_t{x.kernel_column_step};
  job.inputs = inputs_.data();
  job.weights = reinterpret_cast<const int8_t*>(storage.scratchpad.data()) + x.weights;
  job.weight_zero = x.weight_zero;
  job.accumulators = storage.accumulators.data() + int64_t{x.accumulator} * config_.columns;
  job.accumulate = x.accumulate != 0;
  kernels::conv(job, sums_);
}

bool Conv::has_inputs_of(const isa::Conv& x, Storage& storage) {
  const bool is_written = (kept_banks_ & storage.scratchpad.take_written_banks()) != 0;
  isa::Conv same = x;  // but for what has nothing to do with the input
  same.common = kept_.common;
  same.blocks = kept_.blocks;
  same.weights = kept_.weights;
  same.accumulator = kept_.accumulator;
  same.accumulate = kept_.accumulate;
  const bool has_inputs = kept_banks_ != kNothingKept && !is_written && same == kept_;
  kept_ = x;
  kept_banks_ = source_banks_;
  return has_inputs;
}

// `pixels` pixels from `first_pixel` on, padding filled in. A null row lies in the padding as a
// whole.
const int8_t* Conv::padded(const isa::Conv& x, const int8_t* row, int64_t first_pixel,
                           int64_t pixels) {
  const int64_t size = (pixels - 1) * x.pixel_step + pixel_span(x, config_.rows);
  int8_t* to = edges_.data() + edges_used_;
  edges_used_ += static_cast<size_t>(size);
  const int64_t from = first_pixel * x.pixel_step;  // counted from the row's first tap
  const int64_t position = x.input_x + from;
  const int64_t first = std::clamp<int64_t>(-position, 0, size);
  const int64_t end = std::clamp<int64_t>(int64_t{x.input_row_limit} - position, first, size);
  if (row == nullptr || first == end) {
    std::memset(to, x.pad_value, static_cast<size_t>(size));
    return to;
  }
  std::memset(to, x.pad_value, static_cast<size_t>(first));
  std::memcpy(to + first, row + from + first, static_cast<size_t>(end - first));
  std::memset(to + end, x.pad_value, static_cast<size_t>(size - end));
  return to;
}

void Conv::find_inputs(const isa::Conv& x, const Storage& storage) {
  const int64_t columns = x.out_columns, vectors = vectors_of(x), step = x.pixel_step;
  inputs_.resize(static_cast<size_t>(vectors * x.kernel_rows));

  // Pixels [left, right) of a valid row have all their taps in it.
  int64_t left = 0, right = columns;
  const int64_t room = int64_t{x.input_row_limit} - x.input_x -
                       pixel_span(x, config_.rows);  // for the last pixel's first tap
  if (step == 0) {
    if (x.input_x < 0 || room < 0) left = columns;
  } else {
    if (x.input_x < 0) left = std::min(ceil_div(-int64_t{x.input_x}, step), columns);
    right = room < 0 ? 0 : std::min(room / step + 1, columns);
  }
  if (left >= right) left = right = columns;

  const int64_t edge_pixels = left + columns - right;
  const int64_t edge_bytes = edge_pixels * step + 2 * pixel_span(x, config_.rows);
  const auto needed =
      static_cast<size_t>(edge_bytes * x.out_rows * x.kernel_rows + row_span(x, config_.rows) + 64);
  if (edges_.size() < needed) edges_.resize(needed);
  edges_used_ = 0;

  const int8_t* const base = reinterpret_cast<const int8_t*>(storage.scratchpad.data());
  const int8_t* padding = nullptr;
  for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr) {
    for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy) {
      const int8_t** to = inputs_.data() + kr * vectors + oy * columns;
      if (!row_is_valid(x, oy, kr)) {
        if (padding == nullptr) padding = padded(x, nullptr, 0, columns);
        for (int64_t ox = 0; ox < columns; ++ox) to[ox] = padding + ox * step;
        continue;
      }
      const int64_t address = row_address(x, oy, kr);
      // Often the same row was wanted one kernel row before by the next output row.
      if (edge_pixels != 0 && kr > 0 && oy + 1 < int64_t{x.out_rows} &&
          row_is_valid(x, oy + 1, kr - 1) && row_address(x, oy + 1, kr - 1) == address) {
        std::copy_n(inputs_.data() + (kr - 1) * vectors + (oy + 1) * columns, columns, to);
        continue;
      }
      const int8_t* row = base + address;
      if (left > 0) {
        const int8_t* edge = padded(x, row, 0, left);
        for (int64_t ox = 0; ox < left; ++ox) to[ox] = edge + ox * step;
      }
      for (int64_t ox = left; ox < right; ++ox) to[ox] = row + ox * step;
      if (right < columns) {
        const int8_t* edge = padded(x, row, right, columns - right);
        for (int64_t ox = right; ox < columns; ++ox) to[ox] = edge + (ox - right) * step;
      }
    }
  }
}

}  // namespace zahl::sim
