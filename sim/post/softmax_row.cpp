#include "sim/post/softmax_row.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "generated/isa.h"
#include "sim/post/reciprocal.h"
#include "sim/post/rounding.h"

namespace zahl::sim::kernels {

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

}  // namespace zahl::sim::kernels
