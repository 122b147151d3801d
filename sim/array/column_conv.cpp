#include "sim/array/column_conv.h"

#include "sim/base/kernel_set.h"

namespace zahl::sim::kernels {

void conv_scalar(const ConvJob& job) {
  const int64_t block_bytes = job.groups_of_block() * job.columns * 4;
  for (int block = 0; block < job.blocks; ++block) {
    for (int vector = 0; vector < job.vectors; ++vector) {
      int32_t* to = job.accumulators + (int64_t{block} * job.vectors + vector) * job.columns;
      for (int column = 0; column < job.columns; ++column) {
        const int8_t* weight = job.weights + block * block_bytes + column * 4;
        uint32_t sum = job.accumulate ? static_cast<uint32_t>(to[column]) : 0;
        for (int kr = 0; kr < job.kernel_rows; ++kr) {
          for (int kc = 0; kc < job.kernel_columns; ++kc) {
            const int8_t* input =
                job.inputs[kr * job.vectors + vector] + kc * job.kernel_column_step;
            for (int group = 0; group < job.groups;
                 ++group, input += 4, weight += 4 * job.columns) {
              for (int i = 0; i < 4; ++i)
                sum += static_cast<uint32_t>(input[i] * (weight[i] - job.weight_zero));
            }
          }
        }
        to[column] = static_cast<int32_t>(sum);
      }
    }
  }
}

void conv(const ConvJob& job, std::vector<int32_t>& sums) {
#if defined(__x86_64__)
  if (kernel_set() == KernelSet::Avx512 && job.columns % 16 == 0) return conv_avx512(job, sums);
  if (kernel_set() != KernelSet::Scalar) return conv_avx2(job);
#endif
  static_cast<void>(sums);
  conv_scalar(job);
}

}  // namespace zahl::sim::kernels
