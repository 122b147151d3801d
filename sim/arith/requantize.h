// From accumulators and from pairs of bytes to bytes: what post's pipelines compute
// (docs/machine.md, section 8).
#pragma once

#include <array>
#include <cstdint>

#include "generated/isa.h"

namespace zahl::arith {

// How every result ends: round, zero point, clamp, table.
struct Finish {
  isa::Rounding rounding = isa::Rounding::HalfUp;
  int zero_point = 0, low = -128, high = 127;
  const int8_t* table = nullptr;  // 256 entries, or none
};

// The vectors of one block of channels: rows x columns pixels.
struct DrainJob {
  static constexpr int kMostChannels = 64;

  const int32_t* accumulators = nullptr;  // one vector after the other
  int vector_elements = 0;                // from one vector to the next
  int channels = 0;                       // computed and written
  int rows = 0, columns = 0;
  std::array<int32_t, kMostChannels> bias{};
  std::array<uint32_t, kMostChannels> m0{};
  std::array<uint8_t, kMostChannels> shift{};
  int8_t* result = nullptr;
  int64_t row_step = 0, pixel_step = 0;
  Finish finish;
};

void drain(const DrainJob& job);

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

// One row of softmax; `exponentials` has 256 entries.
struct SoftmaxJob {
  const int8_t* source = nullptr;
  int8_t* result = nullptr;
  int count = 0;
  const uint8_t* exponentials = nullptr;  // little-endian words
  uint32_t m0 = 0;
  int shift = 0, zero_point = 0;
};

void softmax(const SoftmaxJob& job);

// The variants.
void drain_scalar(const DrainJob& job);
void drain_avx512(const DrainJob& job);
void eltwise_scalar(const EltwiseJob& job);
void eltwise_avx512(const EltwiseJob& job);

}  // namespace zahl::arith
