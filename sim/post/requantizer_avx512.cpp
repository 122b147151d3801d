#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#include "sim/post/requantizer.h"
#include "sim/post/rounding_avx512.h"

namespace zahl::sim::kernels {

namespace {

using namespace avx512;

template <isa::Rounding kRounding>
ZAHL_AVX512 void drain_channels(const DrainJob& job, int first) {
  const size_t at = static_cast<size_t>(first);
  const auto mask = static_cast<__mmask16>((1u << std::min(job.channels - first, 16)) - 1);
  const __m512i bias = _mm512_maskz_loadu_epi32(mask, job.bias.data() + at);
  const __m512i m0 = _mm512_maskz_loadu_epi32(mask, job.m0.data() + at);
  const __m512i shift = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, job.shift.data() + at));
  const __m512i m0_odd = odd_of(m0);
  const Shifts even =
      make_shifts(kRounding, _mm512_and_si512(shift, _mm512_set1_epi64(0xffffffff)));
  const Shifts odd = make_shifts(kRounding, odd_of(shift));
  const Ending ending = make_ending(job.finish);

  const int32_t* from = job.accumulators + first;
  for (int row = 0; row < job.rows; ++row) {
    int8_t* to = job.result + row * job.row_step + first;
    for (int column = 0; column < job.columns;
         ++column, to += job.pixel_step, from += job.vector_elements) {
      const __m512i sum = _mm512_add_epi32(_mm512_maskz_loadu_epi32(mask, from), bias);
      const __m512i result_even = round<kRounding>(_mm512_mul_epi32(sum, m0), even);
      const __m512i result_odd = round<kRounding>(_mm512_mul_epi32(odd_of(sum), m0_odd), odd);
      _mm_mask_storeu_epi8(to, mask, finish(ending, result_even, result_odd));
    }
  }
}

}  // namespace

void drain_avx512(const DrainJob& job) {
  // Results are written pixel after pixel: where they overlap, the later one stays.
  const bool overlap =
      (job.columns > 1 && job.pixel_step < job.channels) ||
      (job.rows > 1 && job.row_step < (job.columns - 1) * job.pixel_step + job.channels);
  if (overlap && job.channels > 16 && job.rows * job.columns > 1) {
    DrainJob pixel = job;
    pixel.rows = pixel.columns = 1;
    for (int row = 0; row < job.rows; ++row) {
      for (int column = 0; column < job.columns;
           ++column, pixel.accumulators += job.vector_elements) {
        pixel.result = job.result + row * job.row_step + column * job.pixel_step;
        drain_avx512(pixel);
      }
    }
    return;
  }
  with_rounding(job.finish.rounding, [&]<isa::Rounding kRounding>() {
    for (int first = 0; first < job.channels; first += 16) drain_channels<kRounding>(job, first);
  });
}

}  // namespace zahl::sim::kernels
#endif
