#include "sim/arith/requantize.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "sim/arith/kernel_set.h"
#include "sim/arith/rounding.h"

namespace zahl::arith {

namespace {

int8_t finish(const Finish& f, int64_t rounded) {
  const int8_t value = clamp(rounded + f.zero_point, f.low, f.high);
  return f.table == nullptr ? value : f.table[value + 128];
}

// tfl_double(q * 2^20, m0, 31 + shift).
int32_t scaled(int32_t q, uint32_t m0, int shift) {
  return static_cast<int32_t>(
      round_product(isa::Rounding::TflDouble, int64_t{q} * (1 << 20) * int64_t{m0}, 31 + shift));
}

int64_t combine(const EltwiseJob& job, int32_t qa, int32_t qb) {
  const isa::Rounding rounding = job.finish.rounding;
  if (job.operation == isa::EltwiseOp::Mul)
    return round_product(rounding, int64_t{qa * qb} * job.m0, job.shift);
  const int sign = job.operation == isa::EltwiseOp::Sub ? -1 : 1;
  if (job.exact) {
    return round_once(rounding, int64_t{qa} * job.a_m0 + sign * (int64_t{qb} * job.b_m0),
                      job.shift);
  }
  const int32_t a = scaled(qa, job.a_m0, job.a_shift), b = scaled(qb, job.b_m0, job.b_shift);
  const uint32_t sum =
      static_cast<uint32_t>(a) + static_cast<uint32_t>(sign) * static_cast<uint32_t>(b);
  return round_product(rounding, int64_t{static_cast<int32_t>(sum)} * job.m0, job.shift);
}

}  // namespace

void drain_scalar(const DrainJob& job) {
  const int32_t* from = job.accumulators;
  for (int row = 0; row < job.rows; ++row) {
    int8_t* to = job.result + row * job.row_step;
    for (int column = 0; column < job.columns;
         ++column, to += job.pixel_step, from += job.vector_elements) {
      for (size_t c = 0; c < static_cast<size_t>(job.channels); ++c) {
        const int64_t product = int64_t{wrapping_add(from[c], job.bias[c])} * job.m0[c];
        to[c] = finish(job.finish, round_product(job.finish.rounding, product, job.shift[c]));
      }
    }
  }
}

void eltwise_scalar(const EltwiseJob& job) {
  // A machine's vector is read as a whole before any of it is written.
  std::array<int8_t, 64> results{};
  for (int64_t first = 0; first < job.count; first += 64) {
    const int64_t count = std::min<int64_t>(64, job.count - first);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i;
      results[static_cast<size_t>(i)] =
          finish(job.finish, combine(job, job.a[at] - job.a_zero, job.b[at] - job.b_zero));
    }
    std::memcpy(job.result + first, results.data(), static_cast<size_t>(count));
  }
}

void softmax(const SoftmaxJob& job) {
  const int maximum = *std::max_element(job.source, job.source + job.count);
  const auto exponential = [&](int i) {
    int32_t word;
    std::memcpy(&word, job.exponentials + 4 * (maximum - job.source[i]), sizeof word);
    return word;
  };
  uint32_t sum = 0;
  for (int i = 0; i < job.count; ++i) {
    sum += static_cast<uint32_t>(round_once(isa::Rounding::HalfAway, exponential(i), 12));
  }
  const int headroom = std::countl_zero(sum);
  int32_t scale = 0;  // a sum of 0 has no reciprocal
  if (sum != 0)
    scale = one_over_one_plus_x(static_cast<int32_t>((sum << headroom) - (uint32_t{1} << 31)));
  const int shift =
      std::clamp(job.shift + 12 - headroom, 0, 63);  // beyond 62 all quotients round to 0
  for (int i = 0; i < job.count; ++i) {
    const int64_t product = int64_t{doubling_high_multiply(scale, exponential(i))} * job.m0;
    job.result[i] =
        clamp(job.zero_point + round_once(isa::Rounding::HalfAway, product, shift), -128, 127);
  }
}

void drain(const DrainJob& job) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512) return drain_avx512(job);
#endif
  drain_scalar(job);
}

void eltwise(const EltwiseJob& job) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512) return eltwise_avx512(job);
#endif
  eltwise_scalar(job);
}

}  // namespace zahl::arith
