#include "compiler/frontend/network/pieces.h"

#include <algorithm>
#include <numeric>

#include "compiler/frontend/network/view.h"

namespace zahl::frontend {
namespace {

// A name that no tensor of the file has.
std::string part_of(const std::string& name) { return name + " (part)"; }

constexpr size_t kMostParts = 8;  // of one concatenation: its parts share the workspace

// Indices begin, begin + step ...
struct Run {
  int64_t begin, count, step;
};

std::vector<Run> runs_of(const std::vector<int64_t>& indices) {
  std::vector<Run> runs;
  for (size_t i = 0; i < indices.size();) {
    const bool fills = indices[i] == kFilling;
    Run run{indices[i], 1, 0};
    for (++i; i < indices.size() && (indices[i] == kFilling) == fills; ++i, ++run.count) {
      const int64_t step = indices[i] - indices[i - 1];
      if (run.count > 1 && step != run.step) break;
      run.step = step;
    }
    runs.push_back(run);
  }
  return runs;
}

// How often each index comes in a row, if all come alike often and their distances are alike.
std::optional<std::pair<Run, int>> repeated_run(const std::vector<int64_t>& indices) {
  const auto other = std::ranges::find_if(indices, [&](int64_t i) { return i != indices[0]; });
  const auto times = static_cast<size_t>(other - indices.begin());
  if (indices.size() % times != 0) return std::nullopt;
  std::vector<int64_t> distinct;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] == kFilling || indices[i] != indices[i - i % times]) return std::nullopt;
    if (i % times == 0) distinct.push_back(indices[i]);
  }
  const std::vector<Run> runs = runs_of(distinct);
  if (runs.size() != 1) return std::nullopt;
  return std::pair{runs[0], static_cast<int>(times)};
}

// The fewest indices after which they repeat, each a constant farther; all of them where none.
size_t period_of(const std::vector<int64_t>& indices) {
  if (std::ranges::find(indices, kFilling) != indices.end()) return indices.size();
  for (size_t p = 1; p <= indices.size() / 2; ++p) {
    if (indices.size() % p != 0) continue;
    const int64_t farther = indices[p] - indices[0];
    bool repeats = true;
    for (size_t i = p; i < indices.size() && repeats; ++i)
      repeats = indices[i] - indices[i - p] == farther;
    if (repeats) return p;
  }
  return indices.size();
}

ValueId constant_of(Network& network, const Value& like, size_t axis, int64_t count,
                    const std::vector<int>& order, const std::string& name, int8_t byte) {
  Value value = like;
  value.name = name;
  value.view.reset();
  value.dims[axis] = count;
  value.order = order;
  const int64_t elements =
      std::accumulate(value.dims.begin(), value.dims.end(), int64_t{1}, std::multiplies<>());
  value.constant.emplace(static_cast<size_t>(elements), byte);
  return network.add(std::move(value));
}

// The same bytes under other dimensions.
ValueId refolded(Network& network, const NodeName& node, ValueId id,
                 const std::vector<int64_t>& dims, const std::vector<int>& order,
                 const std::string& name) {
  Value value = network.value(id);
  value.name = name;
  value.dims = dims;
  value.order = order;
  const bool is_constant = value.constant.has_value();
  const ValueId result = network.add(std::move(value));
  if (!is_constant) network.layers.push_back({node, ReshapeLayer{id, result}});
  return result;
}

}  // namespace

ValueId joined(Network& network, const NodeName& node, std::vector<ValueId> parts, size_t axis,
               const std::vector<int>& order, const std::string& name) {
  while (parts.size() > kMostParts) {
    std::vector<ValueId> groups;
    for (size_t i = 0; i < parts.size(); i += kMostParts) {
      const size_t end = std::min(i + kMostParts, parts.size());
      groups.push_back(joined(network, node,
                              {parts.begin() + static_cast<std::ptrdiff_t>(i),
                               parts.begin() + static_cast<std::ptrdiff_t>(end)},
                              axis, order, part_of(name)));
    }
    parts = std::move(groups);
  }
  const std::string part_name = part_of(name);
  for (ValueId& part : parts) part = in_memory_order(network, node, part, order);
  if (parts.size() == 1) return parts.front();
  Value whole = network.value(parts.front());
  whole.name = name;
  whole.constant.reset();
  whole.order = order;
  whole.dims[axis] = 0;
  for (ValueId part : parts) whole.dims[axis] += network.value(part).dims[axis];
  const auto place = std::ranges::find(order, static_cast<int>(axis));
  const bool is_of_map = order.size() <= 4 && place - order.begin() + 4 > std::ssize(order);
  if (is_of_map) {
    const ValueId result = network.add(std::move(whole));
    network.layers.push_back({node, ConcatLayer{parts, result, static_cast<int>(axis)}});
    return result;
  }
  // What lies before the axis becomes rows of a map, what lies behind it their pixels.
  const auto folded = [&](const Value& value) {
    const auto product = [&](auto begin, auto end) {
      return std::accumulate(begin, end, int64_t{1}, [&](int64_t n, int dim) {
        return n * value.dims[static_cast<size_t>(dim)];
      });
    };
    const int64_t outer =
                      product(value.order.begin(), value.order.begin() + (place - order.begin())),
                  inner =
                      product(value.order.begin() + (place - order.begin()) + 1, value.order.end());
    return outer == 1 ? std::vector<int64_t>{1, value.dims[axis], 1, inner}
                      : std::vector<int64_t>{1, outer, value.dims[axis], inner};
  };
  ConcatLayer concat;
  Value flat = whole;
  flat.name = part_name;
  flat.dims = folded(whole);
  flat.order = plain_order(4);
  concat.axis = flat.dims[1] == whole.dims[axis] && flat.dims[2] == 1 ? 1 : 2;
  for (ValueId part : parts) {
    const std::vector<int64_t> dims = folded(network.value(part));
    concat.inputs.push_back(refolded(network, node, part, dims, flat.order, part_name));
  }
  const std::vector<int64_t> dims = whole.dims;
  concat.output = network.add(std::move(flat));
  network.layers.push_back({node, concat});
  return refolded(network, node, concat.output, dims, order, name);
}

ValueId gathered(Network& network, const NodeName& node, ValueId id, size_t axis,
                 const std::vector<int64_t>& indices, const std::string& name, int8_t filling) {
  const std::string part_name = part_of(name);
  if (network.value(id).name == name) network.value(id).name = part_name;  // along another axis
  const Value like = network.value(id);
  const auto take = [&](const Run& run) {
    if (run.count == like.dims[axis] && run.begin == 0 && run.step == 1)
      return view_of(network, id);
    auto view = sliced(view_of(network, id), axis, run.begin, run.count, run.step);
    if (!view) {  // the bytes must come into order first
      id = in_memory_order(network, node, id, plain_order(like.dims.size()));
      view = sliced(view_of(network, id), axis, run.begin, run.count, run.step);
    }
    return *view;
  };
  if (const auto one = repeated_run(indices)) {
    View view = take(one->first);
    if (one->second > 1) view = repeated(view, axis, one->second);
    return add_view(network, node, like, name, std::move(view));
  }
  const std::vector<int> order = natural_order(like);
  const std::vector<Run> runs = runs_of(indices);
  const size_t period = period_of(indices);
  std::vector<ValueId> parts;
  if (period >= runs.size()) {
    for (const Run& run : runs) {
      const bool fills = run.begin == kFilling;
      const bool is_whole = run.begin == 0 && run.step == 1 && run.count == like.dims[axis];
      parts.push_back(fills ? constant_of(network, like, axis, run.count, order, part_name, filling)
                      : is_whole ? id
                                 : add_view(network, node, like, part_name, take(run)));
    }
    return joined(network, node, std::move(parts), axis, order, name);
  }
  // Every `period`-th index, for each of the first; they lie beside one another along a new axis.
  const auto count = static_cast<int64_t>(indices.size() / period);
  const int64_t farther = indices[period] - indices[0];
  std::vector<int> finer;
  for (int dim : order) {
    finer.push_back(dim + (dim > static_cast<int>(axis) ? 1 : 0));
    if (dim == static_cast<int>(axis)) finer.push_back(dim + 1);
  }
  for (size_t i = 0; i < period; ++i) {
    View view = take({indices[i], count, farther});
    view.dims.insert(view.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                     std::vector<ir::Move::Axis>{});
    parts.push_back(add_view(network, node, like, part_name, std::move(view)));
  }
  const ValueId whole = joined(network, node, std::move(parts), axis + 1, finer, part_name);
  std::vector<int64_t> dims = like.dims;
  dims[axis] = static_cast<int64_t>(indices.size());
  const ValueId result = refolded(network, node, whole, dims, order, name);
  network.bytes_of[result] = whole;
  return result;
}

std::vector<int64_t> padded_indices(int64_t size, int64_t before, int64_t behind, Beyond beyond) {
  const int64_t cut = std::max<int64_t>(-before, 0);
  const int64_t left = size - cut - std::max<int64_t>(-behind, 0);
  std::vector<int64_t> indices;
  if (left < 1) return indices;
  const int64_t begin = -std::max<int64_t>(before, 0), end = left + std::max<int64_t>(behind, 0);
  const auto within = [](int64_t i, int64_t period) { return (i % period + period) % period; };
  for (int64_t i = begin; i < end; ++i) {
    int64_t at = i;
    if (i < 0 || i >= left) {
      switch (beyond) {
        case Beyond::Filling:
          indices.push_back(kFilling);
          continue;
        case Beyond::Edge:
          at = std::clamp<int64_t>(i, 0, left - 1);
          break;
        case Beyond::Reflect:
          if (left > 1) at = within(i, 2 * left - 2);
          at = left > 1 ? std::min(at, 2 * left - 2 - at) : 0;
          break;
        case Beyond::Symmetric:
          at = within(i, 2 * left);
          at = std::min(at, 2 * left - 1 - at);
          break;
        case Beyond::Wrap:
          at = within(i, left);
          break;
      }
    }
    indices.push_back(cut + at);
  }
  return indices;
}

}  // namespace zahl::frontend
