#include "compiler/frontend/network/view.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numeric>

namespace zahl::frontend {
namespace {

using Axis = ir::Move::Axis;

std::vector<Axis> significant(const std::vector<Axis>& axes) {
  ir::Move move{.input = {}, .output = {}, .offset = 0, .axes = axes};
  std::vector<Axis> result = ir::simplified(move).axes;
  if (result.size() == 1 && result[0].size == 1) result.clear();
  return result;
}

int64_t product(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

std::vector<int64_t> dims_of(const View& view) {
  std::vector<int64_t> dims;
  for (const auto& axes : view.dims) {
    int64_t size = 1;
    for (const Axis& axis : axes) size *= axis.size;
    dims.push_back(size);
  }
  return dims;
}

// The axes of the dimensions in `order`, slowest first.
std::vector<Axis> axes_in(const View& view, const std::vector<int>& order) {
  std::vector<Axis> axes;
  for (int dim : order) {
    const auto& own = view.dims[static_cast<size_t>(dim)];
    axes.insert(axes.end(), own.begin(), own.end());
  }
  return significant(axes);
}

bool is_contiguous(const std::vector<Axis>& axes, int64_t elements) {
  return elements == 1 || (axes.size() == 1 && axes[0].step == 1 && axes[0].size == elements);
}

}  // namespace

View view_of(const Network& network, ValueId id) {
  const Value& value = network.value(id);
  if (value.view) return *value.view;
  const auto base = network.bytes_of.find(id);
  View view{.root = base == network.bytes_of.end() ? id : base->second,
            .offset = 0,
            .dims = std::vector<std::vector<Axis>>(value.dims.size())};
  int64_t step = 1;
  for (size_t i = value.order.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(value.order[i]);
    view.dims[axis] = {{static_cast<int>(value.dims[axis]), step}};
    step *= value.dims[axis];
  }
  return view;
}

View transposed(const View& view, const std::vector<int64_t>& permutation) {
  View result{view.root, view.offset, {}};
  for (int64_t from : permutation) result.dims.push_back(view.dims[static_cast<size_t>(from)]);
  return result;
}

std::optional<View> reshaped(const View& view, const std::vector<int64_t>& dims) {
  std::vector<Axis> all;
  for (const auto& axes : view.dims) all.insert(all.end(), axes.begin(), axes.end());
  std::vector<Axis> left = significant(all);
  View result{view.root, view.offset, std::vector<std::vector<Axis>>(dims.size())};
  for (size_t d = dims.size(); d-- > 0;) {  // fastest first
    for (int64_t wanted = dims[d]; wanted > 1;) {
      if (left.empty()) return std::nullopt;
      Axis& axis = left.back();
      const int64_t taken = std::gcd(wanted, int64_t{axis.size});
      // What is taken must be the fast part of the axis, and all of it unless it completes the
      // dimension.
      if (taken == 1 || (taken != wanted && taken != axis.size)) return std::nullopt;
      result.dims[d].insert(result.dims[d].begin(), {static_cast<int>(taken), axis.step});
      axis.step *= taken;
      axis.size /= static_cast<int>(taken);
      if (axis.size == 1) left.pop_back();
      wanted /= taken;
    }
  }
  return left.empty() ? std::optional(result) : std::nullopt;
}

std::optional<View> sliced(const View& view, size_t axis, int64_t begin, int64_t count,
                           int64_t step) {
  View result = view;
  auto& axes = result.dims[axis];
  axes = significant(axes);
  if (axes.empty()) {
    if (count > 1) axes = {{static_cast<int>(count), 0}};
    return result;
  }
  if (axes.size() == 1) {
    result.offset += begin * axes[0].step;
    axes[0] = {static_cast<int>(count), axes[0].step * step};
    return result;
  }
  // Whole indices of the slowest part.
  const int64_t inner = dims_of({-1, 0, {axes}})[0] / axes[0].size;
  if (step != 1 || begin % inner != 0 || count % inner != 0) return std::nullopt;
  result.offset += begin / inner * axes[0].step;
  axes[0].size = static_cast<int>(count / inner);
  return result;
}

std::optional<AxisSpan> span_between(int64_t size, int64_t start, int64_t stop, int64_t step) {
  const auto inside = [&](int64_t i) {
    const int64_t lowest = step > 0 ? 0 : -1;
    return std::clamp(i < 0 ? i + size : i, lowest, lowest + size);
  };
  const int64_t begin = inside(start), length = inside(stop) - begin;
  if (length == 0 || (length > 0) != (step > 0)) return std::nullopt;
  const int64_t far = std::abs(length) - 1;
  return AxisSpan{begin, 1 + (step > 0 ? far / step : -(far / step)), step};
}

View repeated(const View& view, size_t axis, int times) {
  View result = view;
  result.dims[axis].push_back({times, 0});
  return result;
}

View tiled(const View& view, size_t axis, int64_t times) {
  View result = view;
  auto& axes = result.dims[axis];
  axes.insert(axes.begin(), {static_cast<int>(times), 0});
  return result;
}

std::optional<std::vector<int64_t>> common_dims(const std::vector<int64_t>& a,
                                                const std::vector<int64_t>& b) {
  std::vector<int64_t> dims = a.size() < b.size() ? b : a;
  const std::vector<int64_t>& shorter = a.size() < b.size() ? a : b;
  const size_t missing = dims.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& size = dims[missing + i];
    if (shorter[i] != size && shorter[i] != 1 && size != 1) return std::nullopt;
    size = std::max(size, shorter[i]);
  }
  return dims;
}

std::optional<View> broadcast(const View& view, const std::vector<int64_t>& dims) {
  if (common_dims(dims_of(view), dims) != dims) return std::nullopt;
  View result = view;
  result.dims.insert(result.dims.begin(), dims.size() - view.dims.size(), {});
  const std::vector<int64_t> own = dims_of(result);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (own[i] != dims[i]) result.dims[i] = {{static_cast<int>(dims[i]), 0}};
  }
  return result;
}

bool is_rearrangement(const Network& network, const View& view) {
  for (const auto& axes : view.dims) {
    if (std::ranges::any_of(axes, [](const Axis& a) { return a.step == 0 && a.size > 1; }))
      return false;
  }
  return product(dims_of(view)) == product(network.value(view.root).dims);
}

ValueId add_view(Network& network, const NodeName& node, const Value& like, std::string name,
                 View view) {
  Value value = like;
  value.name = std::move(name);
  value.dims = dims_of(view);
  value.view.reset();
  value.constant.reset();
  value.view = view;
  value.order = plain_order(value.dims.size());
  if (!is_contiguous(axes_in(view, value.order), product(value.dims)))
    value.order = natural_order(value);
  const bool is_whole =
      view.offset == 0 && product(value.dims) == product(network.value(view.root).dims);
  if (is_whole && is_contiguous(axes_in(view, value.order), product(value.dims))) {
    value.view.reset();
    const ValueId id = network.add(std::move(value));
    network.bytes_of[id] = view.root;
    network.layers.push_back({node, ReshapeLayer{view.root, id}});
    return id;
  }
  return network.add(std::move(value));
}

std::vector<int> natural_order(const Value& value) {
  if (!value.view) return value.order;
  std::vector<int> order = plain_order(value.dims.size());
  const auto key = [&](int dim) {  // dimensions of size one first
    int64_t step = -1;
    for (const Axis& axis : value.view->dims[static_cast<size_t>(dim)]) {
      if (axis.size > 1) step = std::max(step, std::abs(axis.step));
    }
    return step < 0 ? std::numeric_limits<int64_t>::max() : step;
  };
  std::ranges::stable_sort(order, std::greater<>(), key);
  return order;
}

ValueId in_memory_order(Network& network, const NodeName& node, ValueId id,
                        const std::vector<int>& order) {
  const Value value = network.value(id);
  if (!value.view && value.order == order) return id;
  if (const auto known = network.ordered.find({id, order}); known != network.ordered.end())
    return known->second;
  const View view = view_of(network, id);
  const std::vector<Axis> axes = axes_in(view, order);
  Value moved = value;
  moved.view.reset();
  moved.constant.reset();
  moved.order = order;
  const int64_t elements = product(value.dims);
  const bool stays = view.offset == 0 && is_contiguous(axes, elements) &&
                     elements == product(network.value(view.root).dims);
  const ValueId result = network.ordered[{id, order}] = network.add(std::move(moved));
  if (stays) {
    network.layers.push_back({node, ReshapeLayer{view.root, result}});
  } else {
    network.layers.push_back({node, MoveLayer{view.root, result, view.offset, axes}});
  }
  return result;
}

ValueId settled(Network& network, const NodeName& node, ValueId id) {
  return network.value(id).view
             ? in_memory_order(network, node, id, natural_order(network.value(id)))
             : id;
}

}  // namespace zahl::frontend
