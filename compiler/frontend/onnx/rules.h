// What ONNX operators must be to run on integers, and which rules each row of the table
// (operators.h) may refuse by.
#pragma once

#include "compiler/frontend/network/rules.h"
#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend::onnx_rules {

inline constexpr std::string_view kSurround =
    "put QuantizeLinear and DequantizeLinear around it, as quantize_static does for operators in "
    "op_types_to_quantize";

// Operators that are in no row, and operations of two computed operands that are in none.
inline constexpr Rule kInTable{"the operator is not supported",
                               "replace it, or cut the model before it"};

// Operands that are computed.
inline constexpr Rule kComputedBefore{
    "input {number} ('{input}') is not a floating-point tensor that an earlier node computes",
    "use an intact file as written by onnx.save, its nodes in order"};
inline constexpr Rule kQuantizedInput{"its input '{input}' is not quantized", kSurround};
inline constexpr Rule kComputedOperand{"input '{input}' is a constant",
                                       "fold constants before quantizing"};
inline constexpr auto kOperandRules =
    joined(kTensorRules, kRules<kComputedBefore, kQuantizedInput, kComputedOperand>);

// Shapes, axes and sizes.
inline constexpr Rule kConstantIntegers{"operand '{operand}' is not a constant of integers",
                                        "export the model with fixed shapes"};
inline constexpr auto kIntegerRules = joined(kOperandRules, kRules<kConstantIntegers>);

// QuantizeLinear.
inline constexpr Rule kConstantScale{"its scale '{scale}' is not a float constant", kQuantizeOnnx};
inline constexpr Rule kPositiveScale{"its scale is {scale}", "quantize with positive scales"};
inline constexpr Rule kNormalScale{
    "its scale is {scale}, zero or too small for a normal float",
    "quantize activations with scales from 1.2e-38 on; only constants may have others"};
inline constexpr Rule kOneScale{"activations have a scale for each channel",
                                "quantize activations per tensor and only weights per channel"};
inline constexpr Rule kConstantZeroPoint{"its zero point is not a constant", kQuantizeOnnx};
inline constexpr Rule kByteActivations{"activations of the type {type} are not supported",
                                       kQuantizeOnnx};
inline constexpr Rule kZeroPointInRange{"its zero point is out of range", kQuantizeOnnx};
inline constexpr Rule kScalesFit{"its scales do not fit the shape", kQuantizeOnnx};
inline constexpr auto kScaleRules = joined(
    kTensorRules, kRules<kComputedBefore, kConstantScale, kPositiveScale, kNormalScale, kOneScale,
                         kConstantZeroPoint, kByteActivations, kZeroPointInRange, kScalesFit>);

inline constexpr Rule kByteConstant{"a constant is quantized to a type other than int8 and uint8",
                                    kQuantizeOnnx};
inline constexpr Rule kBiasInRange{
    "the bias of output channel {channel} does not fit 32 bits on the scale of its products",
    "quantize with larger input and weight scales"};
inline constexpr Rule kBiasOfStep{
    "one product of output channel {channel} is {factor} steps of its output, too coarse for a "
    "bias between products",
    "quantize with a larger output range, or the bias with input scale * weight scale"};
inline constexpr auto kQuantizeRules =
    joined(kScaleRules, kRules<kBiasInRange, kBiasOfStep, kByteConstant>);

// DequantizeLinear.
inline constexpr Rule kZeroPointsFit{"its zero points do not fit its scales", kQuantizeOnnx};
inline constexpr Rule kIntegerConstant{
    "constant '{constant}' is not int8, uint8 or int32, per tensor or per channel", kQuantizeOnnx};
inline constexpr Rule kQuantizedSource{
    "its input '{input}' is neither a constant nor the result of a QuantizeLinear", kQuantizeOnnx};
inline constexpr auto kDequantizeRules =
    joined(kScaleRules, kRules<kZeroPointsFit, kIntegerConstant, kQuantizedSource>);

// Feature maps and their windows.
inline constexpr Rule kFeatureMap{"its input '{input}' has the shape {shape}",
                                  "use a feature map of three or four dimensions"};
inline constexpr auto kMapRules = joined(kOperandRules, kSlidingRules, kRules<kFeatureMap>);

inline constexpr Rule kTwoSpatial{"it has {count} spatial dimensions",
                                  "use as many as the feature map has, one or two"};
inline constexpr auto kWindowRules = joined(kMapRules, kRules<kTwoSpatial>);

// Weights.
inline constexpr Rule kQuantizedWeights{"its weights '{weights}' are floating point",
                                        kQuantizeOnnx};
inline constexpr Rule kConstantWeights{
    "its weights '{weights}' are computed",
    "use constant weights; products of two computed matrices are not supported"};
inline constexpr Rule kByteWeights{"its weights '{weights}' have the type {type}", kQuantizeOnnx};
inline constexpr Rule kOneZeroOfWeights{
    "its weights '{weights}' have zero points that differ between channels",
    "quantize weights symmetrically (WeightSymmetric=True)"};
inline constexpr auto kWeightsRules = kRules<kQuantizedWeights, kConstantWeights, kByteWeights>;

// A constant added to products.
inline constexpr Rule kConstantBias{"its bias is computed", "use a constant bias"};
inline constexpr Rule kBiasFits{"its bias has {entries} entries for {channels} output channels",
                                kIntactFile};
inline constexpr Rule kFiniteBias{"the bias of output channel {channel} is not finite",
                                  "use finite numbers"};
inline constexpr auto kBiasRules = kRules<kConstantBias, kBiasFits, kFiniteBias>;

// Conv.
inline constexpr Rule kFilterRank{"its weights have the shape {shape} for a map of {dims}",
                                  kIntactFile};
inline constexpr Rule kFilterFits{
    "weights of the shape {shape} in {groups} groups do not fit {channels} input channels",
    kIntactFile};
inline constexpr auto kConvRules =
    joined(kWindowRules, kWeightsRules, kBiasRules, kRules<kFilterRank, kFilterFits>);

inline constexpr Rule kTransposedSize{"it makes {output} of {input}", kIntactFile};
inline constexpr auto kConvTransposeRules =
    joined(kConvRules, kRules<kTransposedSize, kOneZeroOfWeights>);

// Pools.
inline constexpr Rule kPoolDilation{"dilated pools are not supported", "use dilation 1"};
inline constexpr Rule kPoolIndices{"indices of the maxima are not supported",
                                   "use the first output only"};
inline constexpr Rule kSameReadsAll{
    "auto_pad SAME with a kernel of {kernel} and strides of {stride} leaves some of {size} unread, "
    "which ONNX Runtime refuses",
    "use explicit padding"};
inline constexpr auto kPoolRules =
    joined(kWindowRules, kRules<kPoolDilation, kPoolIndices, kSameReadsAll>);

// Reductions.
inline constexpr Rule kReducedAxes{"its axes {axes} do not exist in the shape {shape}",
                                   kIntactFile};
inline constexpr auto kReductionRules =
    joined(kIntegerRules, kSlidingRules, kReducedCountRules, kRules<kReducedAxes>);

// MatMul and Gemm.
inline constexpr Rule kRowsByMatrix{"a product of {shape} and {matrix} is not supported",
                                    "multiply rows by a constant matrix"};
inline constexpr auto kMatrixRules = joined(kOperandRules, kWeightsRules, kRules<kRowsByMatrix>);

inline constexpr Rule kPlainGemm{"transA, alpha and beta other than 1 are not supported",
                                 "fold them into the weights before quantizing"};
inline constexpr auto kGemmRules = joined(kMatrixRules, kBiasRules, kRules<kPlainGemm>);

// Operations of two operands.
inline constexpr Rule kTwoInputs{"it has {count} inputs", "use two"};
inline constexpr Rule kOneComputed{"both operands are constants",
                                   "fold constants before quantizing"};
inline constexpr auto kTwoRules = joined(kOperandRules, kRules<kTwoInputs, kOneComputed>);

inline constexpr auto kTwoFunctionsRules = joined(kTwoRules, kRules<kInTable>);

inline constexpr Rule kQuantizedOperand{
    "its constant operand '{operand}' has several elements and is floating point", kSurround};
inline constexpr Rule kByteOperand{
    "its constant operand '{operand}' is not int8 or uint8 with one scale", kQuantizeOnnx};
inline constexpr Rule kOneRepeated{
    "operands of the shapes {shape} and {other} would both have to be repeated",
    "give both operands the same shape"};
inline constexpr Rule kShapesFit{"the shapes {shape} and {other} do not fit", kIntactFile};
inline constexpr auto kEltwiseRules =
    joined(kTwoRules, kRules<kQuantizedOperand, kByteOperand, kOneRepeated, kShapesFit>);

inline constexpr Rule kAddedBias{"a constant of the shape {shape} is added before quantization",
                                 kSurround};
inline constexpr auto kAddRules = joined(kEltwiseRules, kBiasRules, kRules<kAddedBias>);

// Several operands, and PRelu.
inline constexpr auto kSeveralRules = joined(kTwoRules, kRules<kShapesFit>);
inline constexpr auto kSumRules = joined(kAddRules, kRules<kShapesFit>);

inline constexpr Rule kConstantSlopes{"its slopes '{slopes}' are computed", "use constant slopes"};
inline constexpr Rule kSlopesOfOneAxis{"its slopes have the shape {shape} for an input of {dims}",
                                       "use one slope, or one for each index of one axis"};
inline constexpr auto kSlopesRules =
    joined(kTwoRules, kWeightsRules, kRules<kConstantSlopes, kSlopesOfOneAxis, kOneZeroOfWeights>);

// Functions of one number.
inline constexpr Rule kFunctionOfData{"its input is a constant",
                                      "fold constants before quantizing"};
inline constexpr auto kFunctionRules = kRules<kComputedBefore, kQuantizedInput, kFunctionOfData>;

inline constexpr Rule kConstantBound{"its bound '{bound}' is not a constant",
                                     "use constant bounds"};
inline constexpr Rule kNumberBound{"a bound is not a number", "use finite bounds"};
inline constexpr auto kClipRules = joined(kFunctionRules, kRules<kConstantBound, kNumberBound>);

// Cast.
inline constexpr Rule kCastToFloat{"it casts to {type}",
                                   "cast int8, uint8 or float tensors to float32 only"};
inline constexpr auto kCastRules = joined(kTensorRules, kRules<kComputedBefore, kCastToFloat>);

// Softmax and Concat.
inline constexpr Rule kSoftmaxAxis{"softmax over axis {axis} of the shape {shape} is not supported",
                                   "take it over one axis (opset 13)"};
inline constexpr auto kSoftmaxRules = joined(kOperandRules, kRules<kSoftmaxAxis>);

inline constexpr Rule kPartFits{"{part} does not fit behind {parts} along axis {axis}",
                                kIntactFile};
inline constexpr auto kConcatRules = joined(kOperandRules, kRules<kPartFits>);

// Other dimensions of the same bytes.
inline constexpr Rule kSameElements{"it makes {shape} from {from}", kIntactFile};
inline constexpr auto kFlattenRules = joined(kOperandRules, kRules<kSameElements>);

inline constexpr Rule kConstantShape{"its shape is not constant",
                                     "export the model with fixed shapes"};
inline constexpr Rule kFixedShape{"it asks for the shape {shape}",
                                  "export the model with fixed shapes"};
inline constexpr auto kReshapeRules =
    joined(kIntegerRules, kRules<kConstantShape, kFixedShape, kSameElements>);

inline constexpr Rule kAxesExist{"its axes are out of range", kIntactFile};
inline constexpr Rule kDropsOnes{"it drops an axis of a size other than one", kIntactFile};
inline constexpr auto kSqueezeRules =
    joined(kIntegerRules, kRules<kAxesExist, kDropsOnes, kSameElements>);

inline constexpr Rule kNamesAxes{"it names no axes", kIntactFile};
inline constexpr auto kUnsqueezeRules =
    joined(kIntegerRules, kRules<kNamesAxes, kAxesExist, kSameElements>);

// Transpose.
inline constexpr Rule kPermutation{"{axes} is not a permutation of its axes", kIntactFile};
inline constexpr auto kTransposeRules = joined(kOperandRules, kRules<kPermutation>);

// Parts of an axis, and blocks.
inline constexpr Rule kAxisExists{"axis {axis} does not exist in {rank} dimensions", kIntactFile};
inline constexpr Rule kSplitSizes{"it splits {size} into {parts}", kIntactFile};
inline constexpr auto kSplitRules = joined(kIntegerRules, kRules<kAxisExists, kSplitSizes>);

inline constexpr Rule kConstantBounds{"its starts and ends are not constants",
                                      "export the model with fixed shapes"};
inline constexpr Rule kBoundsPair{"its starts, ends, axes and steps differ in number", kIntactFile};
inline constexpr Rule kStepsOn{"it goes in steps of 0", kIntactFile};
inline constexpr Rule kNotEmpty{"its result is empty", kIntactFile};
inline constexpr auto kSliceRules =
    joined(kIntegerRules, kRules<kAxisExists, kConstantBounds, kBoundsPair, kStepsOn, kNotEmpty>);

inline constexpr Rule kIndexExists{"it takes index {index} of an axis of {size}", kIntactFile};
inline constexpr auto kGatherRules =
    joined(kIntegerRules, kRules<kAxisExists, kIndexExists, kNotEmpty, kSameElements>);

inline constexpr Rule kRepeatsOfEach{"it does not say how often each axis comes", kIntactFile};
inline constexpr auto kTileRules = joined(kIntegerRules, kRules<kRepeatsOfEach, kNotEmpty>);
inline constexpr auto kExpandRules = joined(kIntegerRules, kRules<kSameElements>);

inline constexpr Rule kBlocksFit{"blocks of {block} do not fit the shape {shape}", kIntactFile};
inline constexpr auto kBlocksRules = joined(kOperandRules, kRules<kBlocksFit>);

// Pad.
inline constexpr int64_t kMostPadding = 65535;
inline constexpr Rule kPadMode{"padding of the mode '{mode}' is not supported",
                               "use constant, edge, reflect or wrap"};
inline constexpr Rule kPadOfEachAxis{
    "it does not name an amount before and behind each of its axes", kIntactFile};
inline constexpr Rule kPadAmounts{"the padding {amounts} of {shape} is out of range",
                                  "pad by -65535 to 65535 and leave something of each axis"};
inline constexpr Rule kPadValue{"its padding value is not a constant", "pad with a constant"};
inline constexpr auto kPadRules =
    joined(kIntegerRules, kRules<kPadMode, kPadOfEachAxis, kAxisExists, kPadAmounts, kPadValue>);

// Resize and Upsample.
inline constexpr Rule kConstantScales{"its scales are not constants",
                                      "export the model with fixed shapes"};
inline constexpr Rule kSizeOfEachAxis{"it makes {shape} from {from}",
                                      "give a size or scale to each axis"};
inline constexpr Rule kCoordinates{
    "the coordinates '{coordinates}' are not supported",
    "use half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric, "
    "tf_half_pixel_for_nn, or tf_crop_and_resize with a constant region and without axes"};
inline constexpr Rule kResizedMap{"it makes {size} of {shape}",
                                  "resize height and width of a four-dimensional map"};
inline constexpr Rule kLinearResize{
    "resizing with mode {mode}{antialias} has weights that are no ratios of small numbers",
    "use nearest, or linear without antialias"};
inline constexpr Rule kSmallRatio{
    "linear resizing of {size} to {resized} with {coordinates} mixes pixels in parts that are no "
    "1/{most} or more",
    "resize by a ratio of smaller numbers"};
inline constexpr Rule kResizedBytes{
    "linear resizing of {shape} to {size} on bytes drops fractions",
    "resize by a whole factor with half pixels, or between DequantizeLinear and QuantizeLinear"};
inline constexpr Rule kMeanOfBytes{"a mean of bytes over {divisor} is not supported",
                                   "resize by 2, 4, 8 or an odd factor"};
inline constexpr auto kResizeRules = joined(
    kIntegerRules, kRules<kConstantScales, kSizeOfEachAxis, kAxisExists, kCoordinates, kResizedMap,
                          kLinearResize, kSmallRatio, kResizedBytes, kMeanOfBytes>);

}  // namespace zahl::frontend::onnx_rules
