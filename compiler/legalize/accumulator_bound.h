// How large a convolution's accumulator can get, over all inputs.
#pragma once

#include <cstdint>
#include <span>

namespace zahl::legalize {

// Bound of |bias + any partial sum of x * (w - weight_zero)| over one output channel's weights, x in [-128, 127].
int64_t accumulator_bound(std::span<const int8_t> weights, int weight_zero, int64_t bias);

// Bound of |bias + the whole sum|, tighter than the above: what is left once all taps are in.
int64_t result_bound(std::span<const int8_t> weights, int weight_zero, int64_t bias);

}  // namespace zahl::legalize
