#include "sim/array/depthwise.h"

#include <algorithm>

#include "isa/round.h"

namespace zahl::sim {

namespace {

constexpr int kChannels = kernels::DepthwiseJob::kChannels;

// Rows on top of the plane that come from the line memory.
int64_t resumed_rows(const isa::Depthwise& x) {
  return x.resume != 0 ? int64_t{x.tap_rows} - 1 : 0;
}

// The plane's row of output 0's first tap.
int64_t origin_row(const isa::Depthwise& x) { return x.resume != 0 ? int64_t{x.y_step} - 1 : 0; }

// Input rows that the passes together stream.
int64_t plane_rows(const isa::Depthwise& x) {
  return (int64_t{x.passes} - 1) * x.tap_rows + timing::streamed_rows(x);
}

struct Range {
  int64_t first = 0, end = 0;
};

// Columns whose pixels lie in the row.
Range valid_columns(const isa::Depthwise& x) {
  const int64_t columns = timing::streamed_columns(x), step = x.pixel_step,
                limit = x.input_row_limit;
  if (step == 0) return x.input_x >= 0 && x.input_x < limit ? Range{0, columns} : Range{};
  const int64_t first = x.input_x >= 0 ? 0 : ceil_div(-int64_t{x.input_x}, step);
  const int64_t end = limit <= x.input_x ? 0 : ceil_div(limit - x.input_x, step);
  return {std::min(first, columns), std::clamp(end, std::min(first, columns), columns)};
}

Range valid_rows(const isa::Depthwise& x) {
  const int64_t rows = plane_rows(x);
  const int64_t first = std::clamp<int64_t>(-int64_t{x.input_y}, 0, rows);
  return {first, std::clamp<int64_t>(int64_t{x.input_y_limit} - x.input_y, first, rows)};
}

// Where the row of a block stands in the line memory, from the block's first place on.
int64_t first_place(const isa::Depthwise& x) {
  return x.pairs != 0 ? timing::streamed_columns(x) % 2 : 0;
}

int64_t last_place(const isa::Depthwise& x) {
  return int64_t{x.line_base} + (int64_t{x.blocks} - 1) * x.line_step + first_place(x) +
         timing::streamed_columns(x) - 1;
}

int64_t outputs_of(const isa::Depthwise& x) { return int64_t{x.out_rows} * x.out_columns; }

}  // namespace

void Depthwise::reset(const hw::Config& config) {
  config_ = config;
  lines_.reset(config);
}

bool Depthwise::allowed(const isa::Depthwise& x, const Storage& storage) const {
  const int64_t tiles = int64_t{x.blocks} * x.passes;
  if (!storage.scratchpad.allows(x.weights, tiles * config_.weight_tile_bytes(),
                                 x.common.read_banks))
    return false;
  if (!storage.accumulators.allows(x.accumulator, x.blocks * outputs_of(x),
                                   x.common.accumulator_banks))
    return false;
  const Range rows = valid_rows(x), columns = valid_columns(x);
  if (rows.first == rows.end || columns.first == columns.end) return true;
  const int64_t first = x.source + columns.first * x.pixel_step;
  const int64_t size =
      (columns.end - 1 - columns.first) * x.pixel_step + int64_t{x.blocks} * config_.columns;
  const int64_t height = (rows.end - 1 - rows.first) * x.row_step;
  if (storage.scratchpad.allows(first + rows.first * x.row_step, height + size,
                                x.common.read_banks))
    return true;
  for (int64_t row = rows.first; row < rows.end; ++row) {
    if (!storage.scratchpad.allows(first + row * x.row_step, size, x.common.read_banks))
      return false;
  }
  return true;
}

bool Depthwise::each_access_allowed(const isa::Depthwise& x, const Storage& storage) const {
  const int64_t tiles = int64_t{x.blocks} * x.passes;
  if (!storage.scratchpad.allows(x.weights, tiles * config_.weight_tile_bytes(),
                                 x.common.read_banks))
    return false;
  if (!storage.accumulators.allows(x.accumulator, x.blocks * outputs_of(x),
                                   x.common.accumulator_banks))
    return false;
  const Range rows = valid_rows(x), columns = valid_columns(x);
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block)
    for (int64_t row = rows.first; row < rows.end; ++row)
      for (int64_t q = columns.first; q < columns.end; ++q) {
        const int64_t address =
            x.source + block * config_.columns + row * x.row_step + q * x.pixel_step;
        if (!storage.scratchpad.allows(address, config_.columns, x.common.read_banks)) return false;
      }
  return true;
}

bool Depthwise::execute(const isa::Depthwise& x, Storage& storage, bool compute_values) {
  if (x.tap_rows > 1 && last_place(x) >= lines_.places()) return false;
  const bool is_allowed = allowed(x, storage);
  if (compute_values) compute(x, storage, is_allowed ? Mode::Unchecked : Mode::Checked);
  return is_allowed || each_access_allowed(x, storage);
}

uint8_t* Depthwise::kept_row(const isa::Depthwise& x, int64_t block, int64_t first_channel,
                             int64_t row) {
  const int64_t place = int64_t{x.line_base} + block * x.line_step + first_place(x);
  return lines_.at(first_channel, row, place);
}

void Depthwise::resume_rows(const isa::Depthwise& x, int64_t block, int64_t first_channel) {
  const int64_t rows = resumed_rows(x), bytes = timing::streamed_columns(x) * kChannels;
  for (int64_t row = 0; row < rows; ++row) {
    std::memcpy(plane_.data() + row * bytes, kept_row(x, block, first_channel, 2 - rows + row),
                static_cast<size_t>(bytes));
  }
}

void Depthwise::keep_rows(const isa::Depthwise& x, int64_t block, int64_t first_channel) {
  // The plane has two rows at least: the taps', or a resumed and a new one.
  const int64_t bytes = timing::streamed_columns(x) * kChannels;
  const uint8_t* const last = plane_.data() + (resumed_rows(x) + plane_rows(x) - 1) * bytes;
  std::memcpy(kept_row(x, block, first_channel, 0), last - bytes, static_cast<size_t>(bytes));
  std::memcpy(kept_row(x, block, first_channel, 1), last, static_cast<size_t>(bytes));
}

// The plane of 16 channels, or of as many as there are, from `first_channel` of the block on; its
// last rows are kept.
void Depthwise::fill_plane(const isa::Depthwise& x, const Storage& storage, int64_t block,
                           int64_t first_channel, Mode mode) {
  const int64_t rows = plane_rows(x), columns = timing::streamed_columns(x);
  const size_t needed = static_cast<size_t>(((resumed_rows(x) + rows) * columns + 4) * kChannels);
  if (plane_.size() < needed) plane_.resize(needed);
  resume_rows(x, block, first_channel);
  const Range valid_y = valid_rows(x), valid_x = valid_columns(x);
  const size_t channels = static_cast<size_t>(std::min(config_.columns, kChannels));
  const auto pad = static_cast<uint8_t>(x.pad_value ^ 0x80);
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* to = plane_.data() + (resumed_rows(x) + row) * columns * kChannels;
    const bool is_row = row >= valid_y.first && row < valid_y.end;
    const int64_t first = is_row ? valid_x.first : columns, end = is_row ? valid_x.end : columns;
    std::memset(to, pad, static_cast<size_t>(first * kChannels));
    const int64_t from = x.source + block * config_.columns + row * x.row_step;
    for (int64_t q = first; q < end; ++q) {
      const int64_t address = from + q * x.pixel_step;
      uint8_t* pixel = to + q * kChannels;
      if (mode == Mode::Checked &&
          !storage.scratchpad.allows(address, config_.columns, x.common.read_banks)) {
        std::memset(pixel, 0x80, channels);
        continue;
      }
      const uint8_t* source = storage.scratchpad.data() + address + first_channel;
      uint64_t words[2] = {};
      if (channels == kChannels) {
        std::memcpy(words, source, kChannels);
      } else {
        std::memcpy(words, source, channels);
      }
      words[0] ^= 0x8080808080808080u;
      words[1] ^= 0x8080808080808080u;
      std::memcpy(pixel, words, kChannels);
    }
    std::memset(to + end * kChannels, pad, static_cast<size_t>((columns - end) * kChannels));
  }
  if (x.tap_rows > 1) keep_rows(x, block, first_channel);
}

void Depthwise::find_taps(const isa::Depthwise& x, const Storage& storage, int64_t block,
                          int64_t first_channel, Mode mode) {
  const int64_t columns = config_.columns, line = config_.line_bytes;
  const size_t channels = static_cast<size_t>(std::min<int64_t>(columns, kChannels));
  taps_.resize(static_cast<size_t>(x.passes) * x.tap_rows * x.tap_columns);
  size_t n = 0;
  for (int64_t pass = 0; pass < int64_t{x.passes}; ++pass) {
    const int64_t tile = x.weights + (block * x.passes + pass) * config_.weight_tile_bytes();
    for (int64_t i = 0; i < int64_t{x.tap_rows}; ++i)
      for (int64_t j = 0; j < int64_t{x.tap_columns}; ++j) {
        kernels::Tap& tap = taps_[n++];
        tap.row = static_cast<int>(pass * x.tap_rows + i);
        tap.column = static_cast<int>(j);
        const int64_t lane = i * x.tap_columns + j;
        for (size_t c = 0; c < channels; ++c) {
          const int64_t at = tile + lane / 4 * 4 * columns +
                             (first_channel + static_cast<int64_t>(c)) * 4 + lane % 4;
          const bool reads_zero =
              mode == Mode::Checked &&
              !storage.scratchpad.allows(at / line * line, line, x.common.read_banks);
          tap.weights[c] =
              reads_zero ? int8_t{0} : static_cast<int8_t>(storage.scratchpad.data()[at]);
        }
        std::fill(tap.weights.begin() + static_cast<int64_t>(channels), tap.weights.end(),
                  int8_t{0});
      }
  }
}

void Depthwise::compute(const isa::Depthwise& x, Storage& storage, Mode mode) {
  kernels::DepthwiseJob job;
  job.plane_columns = static_cast<int>(timing::streamed_columns(x));
  job.x_step = static_cast<int>(x.x_step);
  job.y_step = static_cast<int>(x.y_step);
  job.weight_zero = x.weight_zero;
  job.maximum = x.operation == isa::DepthwiseOp::Maximum;
  job.accumulate = x.accumulate != 0;
  job.channels = std::min(config_.columns, kChannels);
  job.step = config_.columns;
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    for (int64_t channel = 0; channel < config_.columns; channel += kChannels) {
      fill_plane(x, storage, block, channel, mode);
      find_taps(x, storage, block, channel, mode);
      job.plane = plane_.data() + origin_row(x) * job.plane_columns * kChannels;
      job.taps = taps_.data();
      job.tap_count = static_cast<int>(taps_.size());
      // Rows that must not be written are left out; all of them but in the checked mode.
      const int64_t first = x.accumulator + block * outputs_of(x);
      job.out_rows = static_cast<int>(x.out_rows);
      job.out_columns = static_cast<int>(x.out_columns);
      if (mode == Mode::Unchecked) {
        job.accumulators = storage.accumulators.data() + first * config_.columns + channel;
        kernels::depthwise(job, room_);
        continue;
      }
      job.out_rows = job.out_columns = 1;
      for (int64_t output = 0; output < outputs_of(x); ++output) {
        if (!storage.accumulators.allows(first + output, 1, x.common.accumulator_banks)) continue;
        const int64_t oy = output / x.out_columns, ox = output % x.out_columns;
        job.plane =
            plane_.data() +
            ((origin_row(x) + oy * x.y_step) * job.plane_columns + ox * x.x_step) * kChannels;
        job.accumulators =
            storage.accumulators.data() + (first + output) * config_.columns + channel;
        kernels::depthwise_scalar(job);
      }
    }
  }
}

}  // namespace zahl::sim
