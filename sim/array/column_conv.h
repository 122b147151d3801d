// The dot products of a convolution: every vector (output pixel) with every column, over the whole
// reduction.
//
// The reduction is a sequence of groups of four lanes. A group of weights is four bytes for each
// column, `4 * columns` bytes; the groups of a block follow one another. Inputs are found through
// one pointer for each vector and kernel row.
#pragma once

#include <cstdint>
#include <vector>

namespace zahl::sim::kernels {

struct ConvJob {
  int columns = 0;  // a multiple of 8
  int blocks = 0;
  int vectors = 0;  // output pixels
  int kernel_rows = 0, kernel_columns = 0;
  int groups = 0;  // of four consecutive input bytes, at one kernel position
  int64_t kernel_column_step = 0;
  const int8_t* const* inputs = nullptr;  // [kernel_rows][vectors]: first byte of the kernel row
  const int8_t* weights = nullptr;  // [blocks][kernel_rows][kernel_columns][groups][columns][4]
  int weight_zero = 0;
  int32_t* accumulators = nullptr;  // [blocks][vectors][columns]
  bool accumulate = false;          // else overwrite
  bool has_sums =
      false;  // `sums` is as the call before left it, and inputs and weight_zero are the same

  int64_t groups_of_block() const { return int64_t{kernel_rows} * kernel_columns * groups; }
};

// accumulators (+)= sum of x * (w - weight_zero), modulo 2^32. `sums` is room that the call may
// use.
void conv(const ConvJob& job, std::vector<int32_t>& sums);

// The variants; the last two only on hosts that have the instructions. The last one wants columns
// to be a multiple of 16.
void conv_scalar(const ConvJob& job);
void conv_avx2(const ConvJob& job);
void conv_avx512(const ConvJob& job, std::vector<int32_t>& sums);

}  // namespace zahl::sim::kernels
