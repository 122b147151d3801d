// What both formats ask of tensors and windows.
#pragma once

#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

// Each tensor.
inline constexpr Rule kPositiveDimensions{"a dimension of the shape {shape} is not positive",
                                          "export with fixed shapes"};
inline constexpr Rule kElementCount{"the shape {shape} has more than 2^28 elements",
                                    "use smaller tensors"};
inline constexpr auto kTensorRules = kRules<kPositiveDimensions, kElementCount>;

// Sliding windows.
inline constexpr Rule kWindowInRange{"its {what} is {value}", "use {minimum} to {maximum}"};
inline constexpr Rule kKernelFits{"its kernel is larger than the padded input",
                                  "use a smaller kernel or a larger input"};
inline constexpr auto kSlidingRules = kRules<kWindowInRange, kKernelFits>;

// Reductions.
inline constexpr Rule kReducedCount{"it reduces {count} elements to one",
                                    "reduce at most {maximum} at once"};
inline constexpr auto kReducedCountRules = kRules<kReducedCount>;

}  // namespace zahl::frontend
