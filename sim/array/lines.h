// The line memory for depthwise windows of more than one row: at each place the pixel of the newest
// row and of the one before it.
#pragma once

#include <vector>

#include "generated/isa.h"
#include "isa/round.h"
#include "sim/array/column_depthwise.h"

namespace zahl::sim {

class Lines {
 public:
  void reset(const hw::Config& config) {
    places_ = config.line_buffer_pixels;
    const int64_t groups = ceil_div(config.columns, kChannels);
    bytes_.assign(static_cast<size_t>(groups * 2 * places_ * kChannels), 0);
  }
  int64_t places() const { return places_; }

  // The pixels from `place` on, 16 channels each, bytes as in the plane. Row 0 is the older one.
  // REQUIRES: `first_channel` is a multiple of 16.
  uint8_t* at(int64_t first_channel, int64_t row, int64_t place) {
    const int64_t line = first_channel / kChannels * 2 + row;
    return bytes_.data() + (line * places_ + place) * kChannels;
  }

 private:
  static constexpr int kChannels = kernels::DepthwiseJob::kChannels;

  int64_t places_ = 0;
  std::vector<uint8_t> bytes_;  // [group of 16 channels][older row, newer row][place][16]
};

}  // namespace zahl::sim
