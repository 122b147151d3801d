// The last step of reading: layers with real scales become operations with integers.
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::integerize {

// Every layer becomes an operation with all integers computed; tensor ids are the value ids. With
// `left`, a layer that is refused is put there; what it reads leaves the device, what it writes
// comes back as an input.
ir::Graph integerize(const frontend::Network& network,
                     std::vector<frontend::LeftInFloat>* left = nullptr);

// The tensor that a value becomes.
inline ir::TensorId tensor_of(frontend::ValueId value) { return ir::TensorId(value); }

struct LayerContext {
  const frontend::Network& network;
  const frontend::NodeName& node;
  int64_t& macs;  // of the node that is made
  bool is_tflite() const { return network.arithmetic == frontend::Arithmetic::Tflite; }
};

// The layer's integers, in the file of its kind; refuses what has none.
#define ZAHL_INTEGERIZE(Kind) \
  ir::Operation integerize_layer(const LayerContext& context, const frontend::Kind& layer);
ZAHL_LAYER_KINDS(ZAHL_INTEGERIZE)
#undef ZAHL_INTEGERIZE

// The int8 range of a real clamp on the output's scale, rounded as the framework does.
struct ClampRange {
  int low = -128, high = 127;
};
ClampRange clamp_range(const LayerContext& context, const frontend::Value& output,
                       const frontend::Clamp& clamp);

// TFLite's multiplier in the machine's form. Refuses factors that would overflow int32 on values up
// to `bound`.
ir::Multiplier tflite_multiplier(const LayerContext& context, double real, int64_t bound);

// A factor for the single roundings; refuses what does not fit.
ir::Multiplier onnx_multiplier(const LayerContext& context, double real);

}  // namespace zahl::integerize
