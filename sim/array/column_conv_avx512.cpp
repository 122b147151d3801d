// dpbusd multiplies unsigned by signed bytes. Weights w are taken as w + 128, unsigned, so that
// inputs can be broadcast from where they stand: sum x * (w - z) = sum x * (w + 128) - (128 + z) *
// sum x. The sums of x are those of a vector, for all columns.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "sim/array/column_conv.h"

#define ZAHL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]]

namespace zahl::sim::kernels {

namespace {

struct Place {
  const int8_t* const* inputs;  // of the first vector
  const int8_t* weights;        // of the first column vector
  int64_t weights_step;         // bytes to the next column vector
  int32_t* to;
  int64_t to_step;  // elements to the next column vector
  const int32_t* sums;
};

// M vectors times N column vectors of 16 columns.
template <int M, int N>
ZAHL_AVX512 void block(const ConvJob& job, const Place& place) {
  __m512i sum[M][N];
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; ++n) sum[m][n] = _mm512_setzero_si512();

  const __m512i flip = _mm512_set1_epi8(-128);
  const int64_t group_bytes = int64_t{job.columns} * 4;
  const int64_t run = int64_t{job.groups} * 4;
  const int8_t* weight = place.weights;
  for (int kr = 0; kr < job.kernel_rows; ++kr) {
    const int8_t* input[M];
    for (int m = 0; m < M; ++m) input[m] = place.inputs[int64_t{kr} * job.vectors + m];
    for (int kc = 0; kc < job.kernel_columns; ++kc) {
      for (int64_t at = 0; at < run; at += 4, weight += group_bytes) {
        __m512i w[N];
        for (int n = 0; n < N; ++n)
          w[n] = _mm512_xor_si512(_mm512_loadu_si512(weight + n * place.weights_step), flip);
        for (int m = 0; m < M; ++m) {
          int32_t four;
          std::memcpy(&four, input[m] + at, 4);
          const __m512i x = _mm512_set1_epi32(four);
          for (int n = 0; n < N; ++n) sum[m][n] = _mm512_dpbusd_epi32(sum[m][n], w[n], x);
        }
      }
      for (int m = 0; m < M; ++m) input[m] += job.kernel_column_step;
    }
  }
  for (int m = 0; m < M; ++m) {
    const __m512i correction = _mm512_set1_epi32(place.sums[m]);
    for (int n = 0; n < N; ++n) {
      int32_t* to = place.to + n * place.to_step + int64_t{m} * job.columns;
      __m512i result = _mm512_sub_epi32(sum[m][n], correction);
      if (job.accumulate) result = _mm512_add_epi32(result, _mm512_loadu_si512(to));
      _mm512_storeu_si512(to, result);
    }
  }
}

using Block = void (*)(const ConvJob&, const Place&);
template <int N, int... M>
constexpr std::array<Block, sizeof...(M)> blocks(std::integer_sequence<int, M...>) {
  return {block<M + 1, N>...};
}
constexpr int kMostVectors = 8;
using Sizes = std::make_integer_sequence<int, kMostVectors>;
constexpr std::array<std::array<Block, kMostVectors>, 4> kBlocks = {
    blocks<1>(Sizes{}), blocks<2>(Sizes{}), blocks<3>(Sizes{}), blocks<4>(Sizes{})};

// Sums of the elements of 16 vectors. Each step adds halves of two vectors and so halves their
// number.
ZAHL_AVX512 __m512i sums_across(const __m512i* x) {
  __m512i two[8], four[4], eight[2];
  for (int i = 0; i < 8; ++i) {
    two[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]),
                              _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]));
  }
  for (int i = 0; i < 4; ++i) {
    four[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(two[2 * i], two[2 * i + 1]),
                               _mm512_unpackhi_epi64(two[2 * i], two[2 * i + 1]));
  }
  for (int i = 0; i < 2; ++i) {
    eight[i] = _mm512_add_epi32(_mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0x88),
                                _mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0xDD));
  }
  return _mm512_add_epi32(_mm512_shuffle_i32x4(eight[0], eight[1], 0x88),
                          _mm512_shuffle_i32x4(eight[0], eight[1], 0xDD));
}

// (128 + weight_zero) * sum of x, for each vector. `sums` has room for a multiple of 16.
ZAHL_AVX512 void input_sums(const ConvJob& job, int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1), factor = _mm512_set1_epi32(128 + job.weight_zero);
  const int64_t run = int64_t{job.groups} * 4;
  const __mmask64 tail = run % 64 == 0 ? 0 : ~uint64_t{0} >> (64 - run % 64);
  for (int first = 0; first < job.vectors; first += 16) {
    const int count = std::min(job.vectors - first, 16);
    __m512i sum[16];
    for (int i = 0; i < 16; ++i) sum[i] = _mm512_setzero_si512();
    for (int i = 0; i < count; ++i) {
      __m512i total = _mm512_setzero_si512();
      for (int kr = 0; kr < job.kernel_rows; ++kr) {
        const int8_t* input = job.inputs[int64_t{kr} * job.vectors + first + i];
        for (int kc = 0; kc < job.kernel_columns; ++kc, input += job.kernel_column_step) {
          int64_t at = 0;
          for (; at + 64 <= run; at += 64)
            total = _mm512_dpbusd_epi32(total, ones, _mm512_loadu_si512(input + at));
          if (tail != 0)
            total = _mm512_dpbusd_epi32(total, ones, _mm512_maskz_loadu_epi8(tail, input + at));
        }
      }
      sum[i] = total;
    }
    _mm512_storeu_si512(sums + first, _mm512_mullo_epi32(sums_across(sum), factor));
  }
}

}  // namespace

void conv_avx512(const ConvJob& job, std::vector<int32_t>& sums) {
  const auto room = static_cast<size_t>(job.vectors + 15) / 16 * 16;
  if (sums.size() < room) sums.resize(room);
  if (!job.has_sums) input_sums(job, sums.data());

  const int in_block = job.columns / 16;  // column vectors of a block
  const int64_t block_bytes = job.groups_of_block() * job.columns * 4;
  const int64_t block_elements = int64_t{job.vectors} * job.columns;
  const int count = in_block == 1 ? job.blocks : in_block;
  for (int block = 0; block < (in_block == 1 ? 1 : job.blocks); ++block) {
    for (int at = 0; at < count;) {
      const int n = std::min(count - at, 4);
      const int most = n == 4 ? 6 : kMostVectors;
      Place place{};
      place.weights_step = in_block == 1 ? block_bytes : 64;
      place.to_step = in_block == 1 ? block_elements : 16;
      place.weights = job.weights + block * block_bytes + at * place.weights_step;
      for (int vector = 0; vector < job.vectors;) {
        const int m = std::min(job.vectors - vector, most);
        place.inputs = job.inputs + vector;
        place.to = job.accumulators + block * block_elements + at * place.to_step +
                   int64_t{vector} * job.columns;
        place.sums = sums.data() + vector;
        kBlocks[static_cast<size_t>(n - 1)][static_cast<size_t>(m - 1)](job, place);
        vector += m;
      }
      at += n;
    }
  }
}

}  // namespace zahl::sim::kernels
#endif
