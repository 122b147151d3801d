// Without dpbusd: the four bytes of a group are taken as two pairs of 16-bit numbers, and weights
// minus their zero point fit in 16 bits, so that madd is exact.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/array/column_conv.h"

#define ZAHL_AVX2 [[gnu::target("avx2")]]

namespace zahl::sim::kernels {

namespace {

// Bytes 0 and 2 of each 32-bit element, and bytes 1 and 3, as 16-bit numbers.
ZAHL_AVX2 inline __m256i even_bytes(__m256i x) {
  return _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
}
ZAHL_AVX2 inline __m256i odd_bytes(__m256i x) { return _mm256_srai_epi16(x, 8); }

// M vectors times 8 columns.
template <int M>
ZAHL_AVX2 void block(const ConvJob& job, const int8_t* const* inputs, const int8_t* weight,
                     int32_t* to) {
  __m256i sum[M];
  for (int m = 0; m < M; ++m) {
    sum[m] =
        job.accumulate
            ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(to + int64_t{m} * job.columns))
            : _mm256_setzero_si256();
  }
  const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(job.weight_zero));
  const int64_t group_bytes = int64_t{job.columns} * 4;
  const int64_t run = int64_t{job.groups} * 4;
  for (int kr = 0; kr < job.kernel_rows; ++kr) {
    for (int kc = 0; kc < job.kernel_columns; ++kc) {
      for (int64_t at = 0; at < run; at += 4, weight += group_bytes) {
        const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight));
        const __m256i w_even = _mm256_sub_epi16(even_bytes(w), zero),
                      w_odd = _mm256_sub_epi16(odd_bytes(w), zero);
        for (int m = 0; m < M; ++m) {
          int32_t four;
          std::memcpy(&four,
                      inputs[int64_t{kr} * job.vectors + m] + kc * job.kernel_column_step + at, 4);
          const __m256i x = _mm256_set1_epi32(four);
          sum[m] = _mm256_add_epi32(sum[m], _mm256_madd_epi16(even_bytes(x), w_even));
          sum[m] = _mm256_add_epi32(sum[m], _mm256_madd_epi16(odd_bytes(x), w_odd));
        }
      }
    }
  }
  for (int m = 0; m < M; ++m) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + int64_t{m} * job.columns), sum[m]);
  }
}

using Block = void (*)(const ConvJob&, const int8_t* const*, const int8_t*, int32_t*);
constexpr std::array<Block, 4> kBlocks = {block<1>, block<2>, block<3>, block<4>};

}  // namespace

void conv_avx2(const ConvJob& job) {
  const int64_t block_bytes = job.groups_of_block() * job.columns * 4;
  for (int block = 0; block < job.blocks; ++block) {
    for (int column = 0; column < job.columns; column += 8) {
      const int8_t* weights = job.weights + block * block_bytes + column * 4;
      int32_t* to = job.accumulators + int64_t{block} * job.vectors * job.columns + column;
      for (int vector = 0; vector < job.vectors; vector += 4) {
        const int m = std::min(job.vectors - vector, 4);
        kBlocks[static_cast<size_t>(m - 1)](job, job.inputs + vector, weights,
                                            to + int64_t{vector} * job.columns);
      }
    }
  }
}

}  // namespace zahl::sim::kernels
#endif
