// The last step of reading: layers with real scales become operations with integers.
#pragma once

#include "compiler/frontend/network.h"

namespace zahl::frontend {

// Padding layers move into the convolutions and pools that read them. Refuses padding that nothing can absorb.
void fold_padding(Network& network);

// Every layer becomes an operation with all integers computed; tensor ids are the value ids. With `left`, a layer that
// is refused is put there; what it reads leaves the device, what it writes comes back as an input.
ir::Graph lower(const Network& network, std::vector<LeftInFloat>* left = nullptr);

// One layer each, for lower().
struct LoweringContext {
  const Network& network;
  const NodeName& node;
  bool is_tflite() const { return network.arithmetic == Arithmetic::Tflite; }
};
ir::Operation lower_conv(const LoweringContext& context, const ConvLayer& layer, int64_t& macs);
ir::Operation lower_pool(const LoweringContext& context, const PoolLayer& layer);
ir::Operation lower_eltwise(const LoweringContext& context, const EltwiseLayer& layer);
ir::Operation lower_softmax(const LoweringContext& context, const SoftmaxLayer& layer);

// The int8 bounds of a real clamp on the output's scale, rounded as the framework does.
struct Bounds {
  int low = -128, high = 127;
};
Bounds quantized_bounds(const LoweringContext& context, const Value& output, const Clamp& clamp);

// TFLite's multiplier in the machine's form. Refuses factors that would overflow int32 on values up to `bound`.
ir::Multiplier tflite_multiplier(const LoweringContext& context, double real, int64_t bound);

// A factor for the single roundings; refuses what does not fit.
ir::Multiplier onnx_multiplier(const LoweringContext& context, double real);

}  // namespace zahl::frontend
