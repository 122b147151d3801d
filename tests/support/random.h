// Seeded numbers that are the same on every standard library, with a liking for the ends of a
// range.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <random>

#include "generated/isa.h"

namespace zahl::test {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t bits() { return engine_(); }
  // Uniform over low..high.
  int64_t between(int64_t low, int64_t high) {
    const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return low + static_cast<int64_t>(span == 0 ? bits() : bits() % span);
  }
  bool one_in(int64_t n) { return between(1, n) == 1; }
  // An end of the range, next to an end, or anything between.
  int64_t corner(int64_t low, int64_t high) {
    switch (between(0, 5)) {
      case 0:
        return low;
      case 1:
        return high;
      case 2:
        return low < high ? high - 1 : high;
      default:
        return between(low, high);
    }
  }
  int64_t corner(const isa::Limits& limits) { return corner(limits.min, limits.max); }
  // 1 to `high`, small values often.
  int64_t size(int64_t high) {
    if (high <= 1 || one_in(4)) return 1;
    const int64_t width = between(1, std::bit_width(static_cast<uint64_t>(high)));
    return std::min(high, between(1, int64_t{1} << width));
  }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[between(0, static_cast<int64_t>(values.size()) - 1)];
  }
  uint32_t u32(int64_t low, int64_t high) { return static_cast<uint32_t>(between(low, high)); }
  uint8_t byte() { return static_cast<uint8_t>(bits()); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace zahl::test
