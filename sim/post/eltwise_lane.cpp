#include "sim/post/eltwise_lane.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/base/kernel_set.h"
#include "sim/post/rounding.h"

namespace zahl::sim::kernels {

namespace {

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

void eltwise_scalar(const EltwiseJob& job) {
  // A machine's vector is read as a whole before any of it is written.
  std::array<int8_t, 64> results{};
  for (int64_t first = 0; first < job.count; first += 64) {
    const int64_t count = std::min<int64_t>(64, job.count - first);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i;
      results[static_cast<size_t>(i)] =
          job.finish(combine(job, job.a[at] - job.a_zero, job.b[at] - job.b_zero));
    }
    std::memcpy(job.result + first, results.data(), static_cast<size_t>(count));
  }
}

void eltwise(const EltwiseJob& job) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512) return eltwise_avx512(job);
#endif
  eltwise_scalar(job);
}

}  // namespace zahl::sim::kernels
