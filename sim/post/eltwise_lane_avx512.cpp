#if defined(__x86_64__)
#include <immintrin.h>

#include "sim/post/eltwise_lane.h"
#include "sim/post/rounding_avx512.h"

namespace zahl::sim::kernels {

namespace {

using namespace avx512;

struct EltwiseConstants {
  __m512i a_zero, b_zero, a_m0, b_m0, m0;
  Shifts a, b, result;
};

template <isa::Rounding kRounding, isa::EltwiseOp kOperation, bool kExact>
ZAHL_AVX512 inline __m512i combine(const EltwiseConstants& k, __m512i qa, __m512i qb) {
  using isa::EltwiseOp;
  if constexpr (kOperation == EltwiseOp::Mul) {
    return round<kRounding>(_mm512_mul_epi32(_mm512_mul_epi32(qa, qb), k.m0), k.result);
  } else {
    __m512i a = _mm512_mul_epi32(qa, k.a_m0), b = _mm512_mul_epi32(qb, k.b_m0);
    if constexpr (!kExact) {
      a = round<isa::Rounding::TflDouble>(_mm512_slli_epi64(a, 20), k.a);
      b = round<isa::Rounding::TflDouble>(_mm512_slli_epi64(b, 20), k.b);
    }
    const __m512i sum =
        kOperation == EltwiseOp::Sub ? _mm512_sub_epi64(a, b) : _mm512_add_epi64(a, b);
    // mul takes the low 32 bits, signed: the sum wraps.
    return round<kRounding>(kExact ? sum : _mm512_mul_epi32(sum, k.m0), k.result);
  }
}

template <isa::Rounding kRounding, isa::EltwiseOp kOperation, bool kExact>
ZAHL_AVX512 void eltwise_elements(const EltwiseJob& job) {
  EltwiseConstants k;
  k.a_zero = _mm512_set1_epi32(job.a_zero);
  k.b_zero = _mm512_set1_epi32(job.b_zero);
  k.a_m0 = _mm512_set1_epi64(job.a_m0);
  k.b_m0 = _mm512_set1_epi64(job.b_m0);
  k.m0 = _mm512_set1_epi64(job.m0);
  k.a = make_shifts(isa::Rounding::TflDouble, _mm512_set1_epi64(31 + job.a_shift));
  k.b = make_shifts(isa::Rounding::TflDouble, _mm512_set1_epi64(31 + job.b_shift));
  k.result = make_shifts(kRounding, _mm512_set1_epi64(job.shift));
  const Ending ending = make_ending(job.finish);
  for (int64_t i = 0; i < job.count; i += 16) {
    const int64_t left = job.count - i;
    const auto mask = static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
    const __m512i qa =
        _mm512_sub_epi32(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, job.a + i)), k.a_zero);
    const __m512i qb =
        _mm512_sub_epi32(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, job.b + i)), k.b_zero);
    const __m512i even = combine<kRounding, kOperation, kExact>(k, qa, qb);
    const __m512i odd = combine<kRounding, kOperation, kExact>(k, odd_of(qa), odd_of(qb));
    _mm_mask_storeu_epi8(job.result + i, mask, finish(ending, even, odd));
  }
}

template <isa::Rounding kRounding>
void eltwise_rounded(const EltwiseJob& job) {
  using isa::EltwiseOp;
  switch (job.operation) {
    case EltwiseOp::Mul:
      return eltwise_elements<kRounding, EltwiseOp::Mul, false>(job);
    case EltwiseOp::Sub:
      return job.exact ? eltwise_elements<kRounding, EltwiseOp::Sub, true>(job)
                       : eltwise_elements<kRounding, EltwiseOp::Sub, false>(job);
    default:
      return job.exact ? eltwise_elements<kRounding, EltwiseOp::Add, true>(job)
                       : eltwise_elements<kRounding, EltwiseOp::Add, false>(job);
  }
}

}  // namespace

void eltwise_avx512(const EltwiseJob& job) {
  with_rounding(job.finish.rounding,
                [&]<isa::Rounding kRounding>() { eltwise_rounded<kRounding>(job); });
}

}  // namespace zahl::sim::kernels
#endif
