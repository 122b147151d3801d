#include "compiler/frontend/network/reduction.h"

#include <algorithm>

#include "compiler/frontend/network/rules.h"
#include "compiler/frontend/network/view.h"

namespace zahl::frontend {
namespace {

constexpr int64_t kMaximumCount = int64_t{1} << 22;  // times 255 is still within 32 bits
constexpr int kTapColumns = 16;                      // of a window in which the count is no plane

// The larger part of the count that a row of the window takes.
int row_of(int64_t count) {
  int columns = kTapColumns;
  while (count % columns != 0) --columns;
  return columns;
}

}  // namespace

Reduction reduction_of(const NodeName& node, const Value& value,
                       const std::vector<bool>& is_reduced) {
  Reduction reduction;
  for (int axis : natural_order(value)) {
    const int64_t size = value.dims[static_cast<size_t>(axis)];
    if (is_reduced[static_cast<size_t>(axis)]) {
      reduction.reduced.push_back(axis);
      reduction.count *= size;
    } else {
      reduction.kept.push_back(axis);
      reduction.outer *= reduction.channels;
      reduction.channels = size;
    }
  }
  if (reduction.count > kMaximumCount) refuse<kReducedCount>(node, reduction.count, kMaximumCount);
  return reduction;
}

std::vector<int64_t> window_dims(const Reduction& reduction) {
  if (row_of(reduction.count) == reduction.count)
    return {1, reduction.outer, 1, reduction.channels};
  return {reduction.outer, 1, 1, reduction.channels};
}

ValueId reduced_map(Network& network, const NodeName& node, ValueId id, const Reduction& reduction,
                    PoolLayer& layer) {
  std::vector<int> order = reduction.kept;
  order.insert(order.end() - (order.empty() ? 0 : 1), reduction.reduced.begin(),
               reduction.reduced.end());
  id = in_memory_order(network, node, id, order);
  layer.kernel_w = row_of(reduction.count);
  layer.kernel_h = static_cast<int>(reduction.count / layer.kernel_w);
  Value map = network.value(id);
  map.dims = window_dims(reduction);
  map.dims[1] *= layer.kernel_h;
  map.dims[2] = layer.kernel_w;
  map.order = plain_order(4);
  map.constant.reset();
  const ValueId result = network.add(std::move(map));
  network.layers.push_back({node, ReshapeLayer{id, result}});
  return result;
}

View reduced_view(const Network& network, ValueId result, const Value& source,
                  const Reduction& reduction, bool keeps_dims) {
  std::vector<int64_t> sizes;
  for (int axis : reduction.kept) sizes.push_back(source.dims[static_cast<size_t>(axis)]);
  const View apart = *reshaped(view_of(network, result), sizes);
  View view{apart.root, apart.offset, {}};
  for (int axis = 0; axis < static_cast<int>(source.dims.size()); ++axis) {
    const auto place = std::ranges::find(reduction.kept, axis) - reduction.kept.begin();
    if (place < static_cast<int64_t>(reduction.kept.size())) {
      view.dims.push_back(apart.dims[static_cast<size_t>(place)]);
    } else if (keeps_dims) {
      view.dims.emplace_back();
    }
  }
  return view;
}

}  // namespace zahl::frontend
