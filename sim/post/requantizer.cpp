#include "sim/post/requantizer.h"

#include "sim/base/kernel_set.h"

namespace zahl::sim::kernels {

void drain_scalar(const DrainJob& job) {
  const int32_t* from = job.accumulators;
  for (int row = 0; row < job.rows; ++row) {
    int8_t* to = job.result + row * job.row_step;
    for (int column = 0; column < job.columns;
         ++column, to += job.pixel_step, from += job.vector_elements) {
      for (size_t c = 0; c < static_cast<size_t>(job.channels); ++c) {
        const int64_t product = int64_t{wrapping_add(from[c], job.bias[c])} * job.m0[c];
        to[c] = job.finish(round_product(job.finish.rounding, product, job.shift[c]));
      }
    }
  }
}

void drain(const DrainJob& job) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512) return drain_avx512(job);
#endif
  drain_scalar(job);
}

}  // namespace zahl::sim::kernels
