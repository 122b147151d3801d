// Values that are put together: of the bytes of another, index by index of an axis, and of
// constants. What is one arrangement of the bytes stays a view (view.h).
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// Stands in a list of indices for a byte that is the same everywhere.
inline constexpr int64_t kFilling = -1;

// The value's bytes at these indices of one axis, in this order; `filling` at each kFilling.
// REQUIRES: indices that exist, at least one.
ValueId gathered(Network& network, const NodeName& node, ValueId id, size_t axis,
                 const std::vector<int64_t>& indices, const std::string& name, int8_t filling = 0);

// The values one behind the other along an axis, with their axes in memory in `order`. REQUIRES:
// values that are otherwise alike, constants among them already in `order`.
ValueId joined(Network& network, const NodeName& node, std::vector<ValueId> parts, size_t axis,
               const std::vector<int>& order, const std::string& name);

// How a map is continued beyond its ends: the first and last index again, or mirrored there with
// them or without, or from the other end on.
enum class Beyond { Filling, Edge, Reflect, Symmetric, Wrap };

// The indices of an axis of `size` with so many before and behind it; negative amounts are cut off
// first. Empty where nothing is left.
std::vector<int64_t> padded_indices(int64_t size, int64_t before, int64_t behind, Beyond beyond);

}  // namespace zahl::frontend
