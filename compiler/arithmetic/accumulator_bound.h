// How large a convolution's accumulator can get, over all inputs.
#pragma once

#include <cstdint>
#include <span>

namespace zahl::arithmetic {

// Bound of |any partial sum of x * (w - weight_zero)| over one output channel's weights, x in
// [-128, 127].
int64_t accumulator_bound(std::span<const int8_t> weights, int weight_zero);

struct Interval {
  int64_t low = 0, high = 0;
};

// Where bias + the whole sum lies.
Interval result_interval(std::span<const int8_t> weights, int weight_zero, int64_t bias);

// Bound of |bias + the whole sum|.
int64_t result_bound(std::span<const int8_t> weights, int weight_zero, int64_t bias);

}  // namespace zahl::arithmetic
