// Maxima and sums of several tensors, as windows over what they hold at the same place: the
// tensors are laid beside each other, place by place, and a window takes in one place.
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// Values of the same dimensions in the same memory order, beside each other: 1, places, values,
// channels, on the scale of the first.
ValueId beside_each_other(Network& network, const NodeName& node, const std::vector<ValueId>& ids);
std::vector<int64_t> place_dims(const Value& value);  // of what a window over them leaves

// That under the dimensions and order of `like`.
ValueId put_back(Network& network, const NodeName& node, ValueId id, const Value& like);

// A window that takes in the `count` values of a place.
template <typename Layer>
void set_place_window(Layer& layer, size_t count) {
  layer.kernel_w = layer.stride_w = static_cast<int>(count);
}

// The bytes with their order turned around: the lowest becomes the highest.
ValueId turned(Network& network, const NodeName& node, ValueId id);

// The larger, or smaller, byte of each place of what lies beside each other; `count` of them.
ValueId extreme_of(Network& network, const NodeName& node, ValueId beside, size_t count,
                   bool is_minimum);

}  // namespace zahl::frontend
