// Values that are others' bytes in another arrangement. Slices, reshapes, transpositions and
// repetitions add up, and bytes move only once, where an operator needs them in an order of its
// own; often they need not move at all.
#pragma once

#include <optional>

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// The value as a view: its own, or of itself.
View view_of(const Network& network, ValueId id);

// The view with its axes in another order. REQUIRES: a permutation.
View transposed(const View& view, const std::vector<int64_t>& permutation);
// The view under other dimensions of the same product; nothing where that needs the bytes in order
// first.
std::optional<View> reshaped(const View& view, const std::vector<int64_t>& dims);
// Indices begin, begin + step ... of one axis, `count` of them; nothing where that needs the bytes
// in order first.
std::optional<View> sliced(const View& view, size_t axis, int64_t begin, int64_t count,
                           int64_t step);
// Indices of an axis as numpy's start:stop:step takes them, ends counted from the end where they
// are negative; nothing where there are none. REQUIRES: a step other than zero.
struct AxisSpan {
  int64_t begin = 0, count = 1, step = 1;
  bool operator==(const AxisSpan&) const = default;
};
std::optional<AxisSpan> span_between(int64_t size, int64_t start, int64_t stop, int64_t step);

// Each index of one axis `times` times in a row.
View repeated(const View& view, size_t axis, int times);
// The whole of one axis `times` times.
View tiled(const View& view, size_t axis, int64_t times);

// The view under `dims` by numpy's rules; nothing where the shapes do not fit.
std::optional<View> broadcast(const View& view, const std::vector<int64_t>& dims);
// What two shapes broadcast to, by the same rules.
std::optional<std::vector<int64_t>> common_dims(const std::vector<int64_t>& a,
                                                const std::vector<int64_t>& b);

// A value that is this view of `like`, named `name`. Where the bytes lie one after another as they
// do in the root, it is a value of its own and `node` a reshape.
ValueId add_view(Network& network, const NodeName& node, const Value& like, std::string name,
                 View view);

// The value with its bytes in memory in `order` of its axes, moved by `node` where they lie
// otherwise.
ValueId in_memory_order(Network& network, const NodeName& node, ValueId id,
                        const std::vector<int>& order);

// The order in which the value's bytes come closest to where they lie.
std::vector<int> natural_order(const Value& value);
// The same value with bytes of its own in natural order.
ValueId settled(Network& network, const NodeName& node, ValueId id);

// Whether each byte of the root is seen once.
bool is_rearrangement(const Network& network, const View& view);

}  // namespace zahl::frontend
