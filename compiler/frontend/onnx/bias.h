// A convolution's bias once the scale of its output is known.
#pragma once

#include <optional>

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// Rounds exact_bias to products where that moves no result by more than half a step, and makes
// channels that their bias alone decides constants. Where a product is more than a step, `conv`
// becomes a second layer: the returned one leaves the few sums that the output does not clamp as
// bytes, exactly, and `conv`, whose node is a Bias then, scales 128 times these, so that a bias may
// lie between products.
std::optional<Layer> settle_bias(Network& network, NodeName& node, const Value& output,
                                 ConvLayer& conv);

}  // namespace zahl::frontend
