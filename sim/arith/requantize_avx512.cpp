// 16 results at a time; products have 64 bits, so the even and the odd elements go their own ways
// and meet as bytes.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#include "sim/arith/requantize.h"

#define ZAHL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]]

namespace zahl::arith {

namespace {

// Shifts of eight products, and what rounding adds before each. tfl_double rounds in two steps, the
// others in one.
struct Shifts {
  __m512i first, first_half, first_any, second, second_half, second_any;
};

ZAHL_AVX512 inline __m512i half_of(__m512i shift) {
  return _mm512_srli_epi64(_mm512_sllv_epi64(_mm512_set1_epi64(1), shift), 1);
}
ZAHL_AVX512 inline __m512i any_of(__m512i shift) {  // all ones where the shift is not 0
  return _mm512_movm_epi64(_mm512_test_epi64_mask(shift, shift));
}
ZAHL_AVX512 inline Shifts make_shifts(isa::Rounding rounding, __m512i shift) {
  const bool is_double = rounding == isa::Rounding::TflDouble;
  const __m512i limit = _mm512_set1_epi64(is_double ? 31 : 63);
  Shifts s;
  s.first = _mm512_min_epi64(shift, limit);
  s.first_half = half_of(s.first);
  s.first_any = any_of(s.first);
  s.second = _mm512_sub_epi64(shift, s.first);
  s.second_half = half_of(s.second);
  s.second_any = any_of(s.second);
  return s;
}

template <isa::Rounding kRounding>
ZAHL_AVX512 inline __m512i round(__m512i product, const Shifts& s) {
  __m512i add = s.first_half;
  if constexpr (kRounding == isa::Rounding::HalfAway) {
    add = _mm512_add_epi64(add, _mm512_and_si512(_mm512_srai_epi64(product, 63), s.first_any));
  }
  if constexpr (kRounding == isa::Rounding::HalfEven) {
    const __m512i odd = _mm512_and_si512(_mm512_srav_epi64(product, s.first), _mm512_set1_epi64(1));
    // half - 1 + odd, nothing where the shift is 0.
    add = _mm512_add_epi64(
        add, _mm512_and_si512(_mm512_sub_epi64(odd, _mm512_set1_epi64(1)), s.first_any));
  }
  __m512i result = _mm512_srav_epi64(_mm512_add_epi64(product, add), s.first);
  if constexpr (kRounding == isa::Rounding::TflDouble) {
    add = _mm512_add_epi64(s.second_half,
                           _mm512_and_si512(_mm512_srai_epi64(result, 63), s.second_any));
    result = _mm512_srav_epi64(_mm512_add_epi64(result, add), s.second);
  }
  return result;
}

// Zero point, clamp and table for 16 results.
struct Ending {
  __m512i zero_point, low, high;
  __m512i table[4];
  bool has_table;
};

ZAHL_AVX512 inline Ending make_ending(const Finish& f) {
  Ending e;
  e.zero_point = _mm512_set1_epi64(f.zero_point);
  e.low = _mm512_set1_epi64(f.low);
  e.high = _mm512_set1_epi64(f.high);
  e.has_table = f.table != nullptr;
  for (int i = 0; i < 4; ++i) {
    e.table[i] = e.has_table ? _mm512_loadu_si512(f.table + 64 * i) : _mm512_setzero_si512();
  }
  return e;
}

ZAHL_AVX512 inline __m512i limit(const Ending& e, __m512i rounded) {
  return _mm512_min_epi64(_mm512_max_epi64(_mm512_add_epi64(rounded, e.zero_point), e.low), e.high);
}

ZAHL_AVX512 inline __m128i finish(const Ending& e, __m512i even, __m512i odd) {
  __m128i bytes =
      _mm_unpacklo_epi8(_mm512_cvtepi64_epi8(limit(e, even)), _mm512_cvtepi64_epi8(limit(e, odd)));
  if (e.has_table) {
    const __m512i index = _mm512_castsi128_si512(_mm_xor_si128(bytes, _mm_set1_epi8(-128)));
    const __m512i lower = _mm512_permutex2var_epi8(e.table[0], index, e.table[1]);
    const __m512i upper = _mm512_permutex2var_epi8(e.table[2], index, e.table[3]);
    bytes =
        _mm512_castsi512_si128(_mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower, upper));
  }
  return bytes;
}

ZAHL_AVX512 inline __m512i odd_of(__m512i x) { return _mm512_srli_epi64(x, 32); }

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

// Calls `visit` with the rounding mode as a constant.
template <class Visit>
void with_rounding(isa::Rounding rounding, Visit&& visit) {
  using isa::Rounding;
  switch (rounding) {
    case Rounding::TflDouble:
      return visit.template operator()<Rounding::TflDouble>();
    case Rounding::HalfUp:
      return visit.template operator()<Rounding::HalfUp>();
    case Rounding::HalfEven:
      return visit.template operator()<Rounding::HalfEven>();
    case Rounding::HalfAway:
      return visit.template operator()<Rounding::HalfAway>();
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

void eltwise_avx512(const EltwiseJob& job) {
  with_rounding(job.finish.rounding,
                [&]<isa::Rounding kRounding>() { eltwise_rounded<kRounding>(job); });
}

}  // namespace zahl::arith
#endif
