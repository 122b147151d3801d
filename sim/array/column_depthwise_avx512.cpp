// Four neighbouring pixels of 16 channels are 64 consecutive bytes of the plane. One byte
// permutation puts the four taps of a channel side by side, where dpbusd multiplies and adds them.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>
#include <memory>

#include "sim/array/column_depthwise.h"

#define ZAHL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]]

namespace zahl::sim::kernels {

namespace {

constexpr int kChannels = DepthwiseJob::kChannels;

// Up to four neighbouring taps of a row.
struct Quad {
  int64_t offset = 0;
  int row = 0, column = 0;
  alignas(64) int8_t weights[64] = {};  // [channel][tap]
  alignas(64) int8_t zeros[64] = {};    // weight_zero where there is a tap
};

int make_quads(const DepthwiseJob& job, Quad* quads, int32_t* constant) {
  int count = 0;
  for (int c = 0; c < kChannels; ++c) constant[c] = 0;
  for (int t = 0; t < job.tap_count; ++t) {
    const Tap& tap = job.taps[t];
    if (count == 0 || quads[count - 1].row != tap.row ||
        tap.column >= quads[count - 1].column + 4 || tap.column < quads[count - 1].column) {
      Quad& quad = quads[count++];
      quad = {};
      quad.row = tap.row;
      quad.column = tap.column;
      quad.offset = (int64_t{tap.row} * job.plane_columns + tap.column) * kChannels;
    }
    Quad& quad = quads[count - 1];
    for (int c = 0; c < kChannels; ++c) {
      const int8_t weight = tap.weights[static_cast<size_t>(c)];
      quad.weights[c * 4 + tap.column - quad.column] = weight;
      quad.zeros[c * 4 + tap.column - quad.column] = static_cast<int8_t>(job.weight_zero);
      constant[c] -= 128 * (weight - job.weight_zero);
    }
  }
  return count;
}

ZAHL_AVX512 inline void store(const DepthwiseJob& job, int32_t* to, __m512i value, __mmask16 mask) {
  if (job.accumulate) {
    const __m512i before = _mm512_maskz_loadu_epi32(mask, to);
    value = job.maximum ? _mm512_max_epi32(before, value) : _mm512_add_epi32(before, value);
  }
  _mm512_mask_storeu_epi32(to, mask, value);
}

template <bool kHasZero>
ZAHL_AVX512 void sums(const DepthwiseJob& job, const Quad* quads, int count,
                      const int32_t* constants) {
  alignas(64) uint8_t order[64];
  for (int i = 0; i < 64; ++i) order[i] = static_cast<uint8_t>(i % 4 * kChannels + i / 4);
  const __m512i by_channel = _mm512_load_si512(order);
  const __m512i constant = _mm512_loadu_si512(constants);
  const auto mask = static_cast<__mmask16>((1u << job.channels) - 1);
  int32_t* to = job.accumulators;
  for (int oy = 0; oy < job.out_rows; ++oy) {
    const uint8_t* origin = job.plane + int64_t{oy} * job.y_step * job.plane_columns * kChannels;
    for (int ox = 0; ox < job.out_columns; ++ox, to += job.step, origin += job.x_step * kChannels) {
      __m512i sum = constant, zero_sum = _mm512_setzero_si512();
      for (int q = 0; q < count; ++q) {
        const __m512i x =
            _mm512_permutexvar_epi8(by_channel, _mm512_loadu_si512(origin + quads[q].offset));
        sum = _mm512_dpbusd_epi32(sum, x, _mm512_load_si512(quads[q].weights));
        if constexpr (kHasZero)
          zero_sum = _mm512_dpbusd_epi32(zero_sum, x, _mm512_load_si512(quads[q].zeros));
      }
      if constexpr (kHasZero) sum = _mm512_sub_epi32(sum, zero_sum);
      store(job, to, sum, mask);
    }
  }
}

// Taps of a maximum: where they stand and which channels they count for.
struct Candidate {
  int64_t offset = 0;
  uint16_t channels = 0;
};

ZAHL_AVX512 void maxima(const DepthwiseJob& job, const Candidate* taps) {
  const auto mask = static_cast<__mmask16>((1u << job.channels) - 1);
  int32_t* to = job.accumulators;
  for (int oy = 0; oy < job.out_rows; ++oy) {
    const uint8_t* origin = job.plane + int64_t{oy} * job.y_step * job.plane_columns * kChannels;
    for (int ox = 0; ox < job.out_columns; ++ox, to += job.step, origin += job.x_step * kChannels) {
      __m128i most = _mm_setzero_si128();
      for (int t = 0; t < job.tap_count; ++t) {
        const __m128i x =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(origin + taps[t].offset));
        most = _mm_mask_max_epu8(most, taps[t].channels, most, x);
      }
      store(job, to, _mm512_cvtepi8_epi32(_mm_xor_si128(most, _mm_set1_epi8(-128))), mask);
    }
  }
}

}  // namespace

void depthwise_avx512(const DepthwiseJob& job, std::vector<uint8_t>& room) {
  const size_t needed = static_cast<size_t>(job.tap_count) * sizeof(Quad) + 64;
  if (room.size() < needed) room.resize(needed);
  void* start = room.data();
  size_t left = room.size();
  if (job.maximum) {
    auto* taps = static_cast<Candidate*>(std::align(alignof(Candidate), 1, start, left));
    for (int t = 0; t < job.tap_count; ++t) {
      const Tap& tap = job.taps[t];
      taps[t] = {(int64_t{tap.row} * job.plane_columns + tap.column) * kChannels, 0};
      for (size_t c = 0; c < kChannels; ++c) {
        if (tap.weights[c] != 0)
          taps[t].channels = static_cast<uint16_t>(taps[t].channels | 1u << c);
      }
    }
    return maxima(job, taps);
  }
  auto* quads = static_cast<Quad*>(std::align(alignof(Quad), 1, start, left));
  alignas(64) int32_t constants[kChannels];
  const int count = make_quads(job, quads, constants);
  if (job.weight_zero == 0) {
    sums<false>(job, quads, count, constants);
  } else {
    sums<true>(job, quads, count, constants);
  }
}

}  // namespace zahl::sim::kernels
#endif
