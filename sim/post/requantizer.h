// From accumulators to bytes: bias, multiplier, and the ending that all results of post share
// (docs/machine.md, section 8).
#pragma once

#include <array>
#include <cstdint>

#include "generated/isa.h"
#include "sim/post/rounding.h"

namespace zahl::sim::kernels {

// How every result ends: round, zero point, clamp, table.
struct Finish {
  isa::Rounding rounding = isa::Rounding::HalfUp;
  int zero_point = 0, low = -128, high = 127;
  const int8_t* table = nullptr;  // 256 entries, or none

  int8_t operator()(int64_t rounded) const {
    const int8_t value = clamp(rounded + zero_point, low, high);
    return table == nullptr ? value : table[value + 128];
  }
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

// The variants; the last one only on hosts that have the instructions.
void drain_scalar(const DrainJob& job);
void drain_avx512(const DrainJob& job);

}  // namespace zahl::sim::kernels
