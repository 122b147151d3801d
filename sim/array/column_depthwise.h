// Window operations channel by channel, for 16 channels at a time.
//
// The input is a plane [rows][columns][16] of bytes x + 128, padding filled in, followed by 64
// bytes that are never used but may be read. Taps stand where the window finds them: at (row,
// column) from the output's first tap.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace zahl::sim::kernels {

struct Tap {
  int row = 0, column = 0;
  std::array<int8_t, 16> weights{};  // one a channel
};

struct DepthwiseJob {
  static constexpr int kChannels = 16;

  const uint8_t* plane = nullptr;
  int plane_columns = 0;
  int x_step = 1, y_step = 1;
  int out_rows = 0, out_columns = 0;
  const Tap* taps = nullptr;  // in order of row, then column
  int tap_count = 0;
  int weight_zero = 0;  // sums only
  bool maximum = false;
  bool accumulate = false;          // add, or take the maximum with, what is there
  int channels = kChannels;         // written
  int32_t* accumulators = nullptr;  // of output (0, 0)
  int64_t step = 0;                 // elements from one output to the next
};

void depthwise(const DepthwiseJob& job, std::vector<uint8_t>& room);

// The variants.
void depthwise_scalar(const DepthwiseJob& job);
void depthwise_avx2(const DepthwiseJob& job);
void depthwise_avx512(const DepthwiseJob& job, std::vector<uint8_t>& room);

}  // namespace zahl::sim::kernels
