// From pairs of bytes to bytes: what the lanes of an eltwise compute (docs/arithmetic.md, section
// 4).
#pragma once

#include <cstdint>

#include "generated/isa.h"
#include "sim/post/requantizer.h"

namespace zahl::sim::kernels {

// `count` elements; a, b and result may overlap only if they are equal.
struct EltwiseJob {
  const int8_t* a = nullptr;
  const int8_t* b = nullptr;
  int8_t* result = nullptr;
  int64_t count = 0;
  isa::EltwiseOp operation = isa::EltwiseOp::Add;
  bool exact = false;
  int a_zero = 0, b_zero = 0;
  uint32_t a_m0 = 0, b_m0 = 0, m0 = 0;
  int a_shift = 0, b_shift = 0, shift = 0;
  Finish finish;
};

void eltwise(const EltwiseJob& job);

// The variants; the last one only on hosts that have the instructions.
void eltwise_scalar(const EltwiseJob& job);
void eltwise_avx512(const EltwiseJob& job);

}  // namespace zahl::sim::kernels
