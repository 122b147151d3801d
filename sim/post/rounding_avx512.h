// Rounding, zero point, clamp and table for 16 results at a time; products have 64 bits, so the
// even and the odd elements go their own ways and meet as bytes. For sources that are compiled only
// where the host may have these instructions.
#pragma once

#include <immintrin.h>

#include "generated/isa.h"
#include "sim/post/requantizer.h"

#define ZAHL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")]]

namespace zahl::sim::kernels::avx512 {

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

}  // namespace zahl::sim::kernels::avx512
