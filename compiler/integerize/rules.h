// What layers of both formats must be for their scales to become integers.
#pragma once

#include "compiler/frontend/network/refuse.h"

namespace zahl::integerize {

using frontend::Rule;

inline constexpr Rule kAccumulatorFits{
    "the accumulator of output channel {channel} can overflow 32 bits",
    "split the reduction, or quantize the bias with a larger scale"};
inline constexpr Rule kSumRatio{"the ratio of its scales is out of TFLite's range for a sum",
                                "quantize with a larger output range"};
inline constexpr Rule kEltwiseRatio{"the ratio of its scales is out of range",
                                    "quantize with a larger output range"};
inline constexpr Rule kOneComputedOperand{"both operands are constants",
                                          "fold constants before quantizing"};
inline constexpr Rule kSoftmaxScale{"its output scale is out of range",
                                    "quantize it with an output scale of 1/256"};
inline constexpr Rule kSoftmaxOutput{
    "its output must have scale 1/256 and zero point -128 (int8) or 0 (uint8)",
    "convert the model again"};
inline constexpr Rule kSoftmaxInput{"its input scale times beta is too small",
                                    "quantize its input with a larger range"};
inline constexpr Rule kBatchesApart{"it joins batches", "join along height, width or channels"};
inline constexpr Rule kBoundOfActivation{"a bound of the activation is not a number",
                                         "use finite bounds"};
inline constexpr Rule kRatioInRange{"the ratio of its scales, {ratio}, is out of range",
                                    "quantize with a larger output range"};
inline constexpr Rule kShiftFits{
    "TFLite would shift its accumulator left by {bits} bits, which can overflow 32 bits",
    "quantize with a larger output range"};
inline constexpr Rule kPoolScale{"its input and output have different scales, which TFLite forbids",
                                 "convert the model again"};

inline constexpr auto kLayerRules =
    frontend::kRules<kAccumulatorFits, kSumRatio, kEltwiseRatio, kOneComputedOperand, kSoftmaxScale,
                     kSoftmaxOutput, kSoftmaxInput, kBatchesApart, kBoundOfActivation,
                     kRatioInRange, kShiftFits, kPoolScale>;

}  // namespace zahl::integerize
