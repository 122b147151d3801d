// What TFLite operators must be to run on integers, and which rules each row of the table
// (operators.h) may refuse by.
#pragma once

#include "compiler/frontend/network/rules.h"

namespace zahl::frontend::tflite_rules {

// An operator that is in no row.
inline constexpr Rule kInTable{"the operator is not supported",
                               "replace it, or cut the model before it"};

// Tensors.
inline constexpr Rule kQuantized{"tensor '{tensor}' is floating point", kQuantizeTflite};
inline constexpr Rule kNoInt16{"tensor '{tensor}' has 16-bit activations", kQuantizeTflite};
inline constexpr Rule kByteTensor{"tensor '{tensor}' has the type {type}", kQuantizeTflite};
inline constexpr Rule kOneScale{"tensor '{tensor}' does not have one scale and one zero point",
                                kQuantizeTflite};
inline constexpr Rule kScaleInRange{
    "tensor '{tensor}' has scale {scale} and zero point {zero_point}", kQuantizeTflite};
inline constexpr Rule kConstantFilled{"constant '{constant}' does not fill its shape",
                                      kIntactTflite};
inline constexpr Rule kConstantType{"constant '{constant}' has the type {type}", kQuantizeTflite};
inline constexpr auto kValueRules =
    joined(kTensorRules, kRules<kQuantized, kNoInt16, kByteTensor, kOneScale, kScaleInRange,
                                kConstantFilled, kConstantType>);

// Numbers of operands.
inline constexpr Rule kOperands{"it has {inputs} inputs and {outputs} outputs", kIntactTflite};
inline constexpr Rule kOperandPresent{"a required input is absent", kIntactTflite};
inline constexpr auto kOperandRules = joined(kValueRules, kRules<kOperands, kOperandPresent>);

inline constexpr Rule kConstantIntegers{"operand '{operand}' is not a constant of integers",
                                        "export the model with fixed shapes"};
inline constexpr auto kIntegerRules = joined(kOperandRules, kRules<kConstantIntegers>);

// Shapes that follow from an operator.
inline constexpr Rule kFollowingShape{
    "tensor '{tensor}' has the shape {shape} where {expected} follows from the operator",
    kIntactTflite};
inline constexpr auto kShapeRules = joined(kOperandRules, kRules<kFollowingShape>);

// Views.
inline constexpr Rule kSameScale{"its input and output have different scales, which TFLite forbids",
                                 "convert the model again"};
inline constexpr auto kViewRules = joined(kShapeRules, kRules<kSameScale>);

// Windows.
inline constexpr Rule kRank{"tensor '{tensor}' has the shape {shape}", "use {rank} dimensions"};
inline constexpr Rule kFusedActivation{"the fused activation {activation} is not supported",
                                       "use the activation as an operator of its own"};
inline constexpr auto kWindowRules =
    joined(kShapeRules, kSlidingRules, kRules<kRank, kFusedActivation>);

// Weights and biases.
inline constexpr Rule kConstantWeights{"its weights '{weights}' are not constant",
                                       "export the model with constant weights"};
inline constexpr Rule kByteWeights{"its weights '{weights}' have the type {type}", kQuantizeTflite};
inline constexpr Rule kDenseWeights{"its weights '{weights}' are stored sparsely",
                                    "convert the model without sparsity"};
inline constexpr Rule kWeightsHaveScale{"its weights '{weights}' have no scale", kQuantizeTflite};
inline constexpr Rule kWeightScales{
    "its weights '{weights}' are not quantized per tensor or per output channel", kQuantizeTflite};
inline constexpr Rule kWeightScaleInRange{"its weights '{weights}' have the scale {scale}",
                                          kQuantizeTflite};
inline constexpr Rule kOneWeightZero{
    "its weights '{weights}' have zero points that differ between channels",
    "quantize weights symmetrically"};
inline constexpr Rule kWeightZeroInRange{"its weights '{weights}' have a zero point out of range",
                                         kQuantizeTflite};
inline constexpr Rule kBiasOfInt32{"its bias '{bias}' is not int32", kQuantizeTflite};
inline constexpr Rule kBiasFits{"its bias has {entries} entries for {channels} output channels",
                                kIntactTflite};
inline constexpr Rule kBiasScale{
    "the scale of its bias, {scale}, contradicts input scale * weight scale, {product}, and "
    "TensorFlow Lite refuses that",
    "convert the model again"};
inline constexpr auto kWeightsRules =
    kRules<kBiasScale, kConstantWeights, kByteWeights, kDenseWeights, kWeightsHaveScale,
           kWeightScales, kWeightScaleInRange, kOneWeightZero, kWeightZeroInRange, kBiasOfInt32,
           kBiasFits, kConstantIntegers>;

// CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED.
inline constexpr Rule kFilterOfFour{"its weights have the shape {shape}", "use four dimensions"};
inline constexpr Rule kFilterFits{
    "weights of the shape {shape} do not fit {channels} input channels", kIntactTflite};
inline constexpr auto kConvRules =
    joined(kWindowRules, kWeightsRules, kRules<kFilterOfFour, kFilterFits>);

inline constexpr Rule kDepthwiseFilter{"its weights have the shape {shape}",
                                       "use 1, h, w, channels"};
inline constexpr auto kDepthwiseRules =
    joined(kWindowRules, kWeightsRules, kRules<kDepthwiseFilter, kFilterFits>);

inline constexpr Rule kPlainWeights{"its weights are shuffled",
                                    "convert the model without shuffled weights"};
inline constexpr Rule kMatrixOfTwo{"its weights have the shape {shape}", "use two dimensions"};
inline constexpr Rule kRowsDivide{
    "tensor '{tensor}' of the shape {shape} does not divide into rows of {columns}", kIntactTflite};
inline constexpr Rule kSameRows{"its input and output have different numbers of rows",
                                kIntactTflite};
inline constexpr auto kFullyConnectedRules =
    joined(kOperandRules, kWeightsRules,
           kRules<kPlainWeights, kMatrixOfTwo, kRowsDivide, kSameRows, kFusedActivation>);

inline constexpr Rule kTransposedSize{"it makes {output} of {input}", kIntactTflite};
inline constexpr auto kTransposeConvRules = joined(kConvRules, kRules<kTransposedSize, kSameScale>);

// Pools and reductions.
inline constexpr Rule kSameChannels{"its input and output have different numbers of channels",
                                    kIntactTflite};
inline constexpr auto kPoolRules = joined(kWindowRules, kRules<kSameChannels>);

inline constexpr Rule kReducedAxes{"its axes {axes} do not exist in the shape {shape}",
                                   kIntactTflite};
inline constexpr auto kReductionRules =
    joined(kViewRules, kReducedCountRules, kRules<kConstantIntegers, kReducedAxes>);

// Operations of two tensors, and softmax.
inline constexpr Rule kOperandFits{
    "operand '{operand}' of the shape {shape} cannot be repeated to {wanted}", kIntactTflite};
inline constexpr auto kEltwiseRules = joined(kOperandRules, kRules<kOperandFits, kFusedActivation>);

inline constexpr auto kExtremeRules = joined(kShapeRules, kRules<kOperandFits>);

// Functions of one byte.
inline constexpr Rule kScaleRatio{"the ratio of its scales, {ratio}, is out of range",
                                  "quantize with a larger output range"};
inline constexpr auto kFunctionRules = joined(kShapeRules, kRules<kScaleRatio>);

inline constexpr Rule kConstantSlopes{"its slopes '{slopes}' are computed", "use constant slopes"};
inline constexpr auto kPreluRules = joined(kFunctionRules, kRules<kConstantSlopes, kOperandFits>);

inline constexpr Rule kHardSwishOutput{
    "its output scale is more than 128 times finer than its input scale",
    "quantize with a larger output range"};
inline constexpr auto kHardSwishRules = joined(kFunctionRules, kRules<kHardSwishOutput>);

// Operators that rearrange.
inline constexpr Rule kSameElements{"it makes {shape} from {from}", kIntactTflite};
inline constexpr auto kReshapeRules = joined(kViewRules, kRules<kSameElements>);

inline constexpr Rule kPermutation{"its permutation is not one", kIntactTflite};
inline constexpr auto kTransposeRules = joined(kViewRules, kRules<kConstantIntegers, kPermutation>);

inline constexpr Rule kSpanExists{"it takes {count} from {begin} on of an axis of {size}",
                                  "take what exists"};
inline constexpr auto kSpanRules = joined(kViewRules, kRules<kConstantIntegers, kSpanExists>);

inline constexpr Rule kInputCount{"it has the wrong number of inputs", kIntactTflite};
inline constexpr Rule kAxisInRange{"the axis {axis} is out of range", kIntactTflite};
inline constexpr auto kSplitRules =
    joined(kSpanRules, kRules<kInputCount, kAxisInRange, kSameElements>);

inline constexpr Rule kBeginAndSize{"it does not name a begin and a size for each axis",
                                    kIntactTflite};
inline constexpr auto kSliceRules = joined(kSpanRules, kRules<kBeginAndSize>);

inline constexpr Rule kBeginEndStep{"its begins, ends and steps do not name axes of its input",
                                    kIntactTflite};
inline constexpr Rule kNotEmpty{"its result is empty", kIntactTflite};
inline constexpr auto kStridedSliceRules = joined(kSpanRules, kRules<kBeginEndStep, kNotEmpty>);

inline constexpr Rule kNoBatchDims{"it gathers with {batch_dims} batch dimensions",
                                   "gather along one axis"};
inline constexpr auto kGatherRules =
    joined(kSpanRules, kRules<kAxisInRange, kNoBatchDims, kNotEmpty>);
inline constexpr auto kReverseRules = joined(kSpanRules, kRules<kAxisInRange>);

inline constexpr Rule kTimesOfEach{"it does not say how often each axis comes", kIntactTflite};
inline constexpr auto kTileRules =
    joined(kViewRules, kRules<kConstantIntegers, kTimesOfEach, kNotEmpty>);
inline constexpr auto kBroadcastRules = joined(kSpanRules, kRules<kSameElements>);

inline constexpr Rule kResizedMap{"it makes {size} of {shape}", kIntactTflite};
inline constexpr auto kResizeRules = joined(kViewRules, kRules<kConstantIntegers, kResizedMap>);

inline constexpr Rule kBlocksFit{"blocks of {block} do not fit the shape {shape}", kIntactTflite};
inline constexpr auto kBlocksRules = joined(kViewRules, kRules<kBlocksFit>);

inline constexpr Rule kNoActivation{"it has a fused activation",
                                    "use the activation as an operator of its own"};
inline constexpr Rule kAxisExists{"axis {axis} does not exist", kIntactTflite};
inline constexpr Rule kConcatScales{
    "its inputs and output are int8 with different scales, which TFLite forbids",
    "convert the model again"};
inline constexpr Rule kPartsFill{"its inputs do not fill its output", kIntactTflite};
inline constexpr auto kConcatenationRules =
    joined(kShapeRules, kRules<kInputCount, kNoActivation, kAxisExists, kConcatScales, kPartsFill>);

inline constexpr auto kPackRules =
    joined(kShapeRules, kRules<kInputCount, kAxisInRange, kSameScale>);
inline constexpr auto kUnpackRules =
    joined(kSpanRules, kRules<kInputCount, kAxisInRange, kPartsFill>);

// PAD.
inline constexpr int64_t kMostPadding = 65535;
inline constexpr Rule kPadAmounts{"it does not name an amount before and after for each axis",
                                  kIntactTflite};
inline constexpr Rule kPadInRange{"the padding {amount} is out of range", "use 0 to 65535"};
inline constexpr Rule kPadValue{"its padding value is not a constant", "pad with a constant"};
inline constexpr Rule kMirrored{"it mirrors {amount} of an axis of {size}", kIntactTflite};
inline constexpr auto kPadRules =
    joined(kShapeRules, kRules<kConstantIntegers, kPadAmounts, kPadInRange, kSameScale, kPadValue>);
inline constexpr auto kMirrorPadRules =
    joined(kShapeRules, kRules<kConstantIntegers, kPadAmounts, kPadInRange, kMirrored, kSameScale>);

// QUANTIZE and DEQUANTIZE.
inline constexpr auto kQuantizeRules = kFunctionRules;

inline constexpr Rule kDequantizeLast{"the model goes on in floating point after it",
                                      kQuantizeTflite};
inline constexpr auto kDequantizeRules = joined(kOperandRules, kRules<kDequantizeLast>);

}  // namespace zahl::frontend::tflite_rules
