// Rounding up whole numbers: sizes to alignments, lengths to steps.
#pragma once

#include <type_traits>

namespace zahl {

// Steps of `step` that `value` takes. REQUIRES: value >= 0, step > 0.
template <class A, class B>
constexpr std::common_type_t<A, B> ceil_div(A value, B step) {
  using T = std::common_type_t<A, B>;
  return (static_cast<T>(value) + static_cast<T>(step) - 1) / static_cast<T>(step);
}

// The least multiple of `step` that is no less than `value`. REQUIRES: value >= 0, step > 0.
template <class A, class B>
constexpr std::common_type_t<A, B> round_up(A value, B step) {
  return ceil_div(value, step) * static_cast<std::common_type_t<A, B>>(step);
}

}  // namespace zahl
