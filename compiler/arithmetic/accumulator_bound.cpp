#include "compiler/arithmetic/accumulator_bound.h"

#include <algorithm>
#include <cstdlib>

namespace zahl::arithmetic {

int64_t accumulator_bound(std::span<const int8_t> weights, int weight_zero) {
  int64_t sum = 0;
  for (int8_t w : weights) sum += std::abs(w - weight_zero);
  return sum * 128;
}

Interval result_interval(std::span<const int8_t> weights, int weight_zero, int64_t bias) {
  int64_t high = bias, low = bias;
  for (int8_t w : weights) {
    const int factor = w - weight_zero;
    high += std::max(factor * 127, factor * -128);
    low += std::min(factor * 127, factor * -128);
  }
  return {low, high};
}

int64_t result_bound(std::span<const int8_t> weights, int weight_zero, int64_t bias) {
  const Interval interval = result_interval(weights, weight_zero, bias);
  return std::max(std::abs(interval.high), std::abs(interval.low));
}

}  // namespace zahl::arithmetic
