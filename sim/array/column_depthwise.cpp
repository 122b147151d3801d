#include "sim/array/column_depthwise.h"

#include <algorithm>

#include "sim/base/kernel_set.h"

namespace zahl::sim::kernels {

namespace {

constexpr int kChannels = DepthwiseJob::kChannels;
using Channels = std::array<int32_t, kChannels>;

// One source for two sets of instructions: inlined into a function that names its own, the compiler
// vectorizes it for these.
#define ZAHL_INLINE [[gnu::always_inline]] inline

ZAHL_INLINE Channels window(const DepthwiseJob& job, const uint8_t* origin) {
  Channels result;
  result.fill(job.maximum ? -128 : 0);
  for (int t = 0; t < job.tap_count; ++t) {
    const Tap& tap = job.taps[t];
    const uint8_t* input = origin + (int64_t{tap.row} * job.plane_columns + tap.column) * kChannels;
    for (size_t c = 0; c < kChannels; ++c) {
      const int32_t x = input[c] - 128;
      if (job.maximum) {
        result[c] = std::max(result[c], tap.weights[c] != 0 ? x : -128);
      } else {
        result[c] += x * (tap.weights[c] - job.weight_zero);
      }
    }
  }
  return result;
}

ZAHL_INLINE void all_outputs(const DepthwiseJob& job) {
  int32_t* to = job.accumulators;
  for (int oy = 0; oy < job.out_rows; ++oy) {
    for (int ox = 0; ox < job.out_columns; ++ox, to += job.step) {
      const int64_t place = int64_t{oy} * job.y_step * job.plane_columns + int64_t{ox} * job.x_step;
      const Channels value = window(job, job.plane + place * kChannels);
      for (int c = 0; c < job.channels; ++c) {
        const int32_t v = value[static_cast<size_t>(c)];
        if (!job.accumulate) {
          to[c] = v;
        } else if (job.maximum) {
          to[c] = std::max(to[c], v);
        } else {
          to[c] = static_cast<int32_t>(static_cast<uint32_t>(to[c]) + static_cast<uint32_t>(v));
        }
      }
    }
  }
}

}  // namespace

void depthwise_scalar(const DepthwiseJob& job) { all_outputs(job); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] void depthwise_avx2(const DepthwiseJob& job) { all_outputs(job); }
#endif

void depthwise(const DepthwiseJob& job, std::vector<uint8_t>& room) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512) return depthwise_avx512(job, room);
  if (kernel_set() == KernelSet::Avx2) return depthwise_avx2(job);
#endif
  static_cast<void>(room);
  depthwise_scalar(job);
}

}  // namespace zahl::sim::kernels
