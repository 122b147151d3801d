#include "compiler/frontend/network/network.h"

#include <fmt/format.h>

#include <numeric>

#include "compiler/frontend/network/rules.h"

namespace zahl::frontend {
namespace {

constexpr int64_t kMaximumElements = int64_t{1} << 28;

// Memory distance between neighbours along each axis.
std::vector<int64_t> strides_of(const std::vector<int64_t>& dims, const std::vector<int>& order) {
  std::vector<int64_t> strides(dims.size(), 0);
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<size_t>(order[i]);
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

}  // namespace

ir::Shape memory_shape(const Value& value) {
  std::vector<int64_t> sizes;
  for (int axis : value.order) sizes.push_back(value.dims[static_cast<size_t>(axis)]);
  while (sizes.size() > 4) {
    sizes[1] *= sizes[0];
    sizes.erase(sizes.begin());
  }
  sizes.insert(sizes.begin(), 4 - sizes.size(), 1);
  const auto size = [&](size_t i) { return static_cast<int>(sizes[i]); };
  return {size(0), size(1), size(2), size(3)};
}

std::vector<int> plain_order(size_t rank) {
  std::vector<int> order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

bool same_layout(const std::vector<int64_t>& dims, const std::vector<int>& a,
                 const std::vector<int>& b) {
  const auto significant = [&](const std::vector<int>& order) {
    std::vector<int> axes;
    for (int axis : order) {
      if (dims[static_cast<size_t>(axis)] != 1) axes.push_back(axis);
    }
    return axes;
  };
  return significant(a) == significant(b);
}

std::string join(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

int64_t element_count(const NodeName& node, const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (int64_t d : dims) {
    if (d < 1) refuse<kPositiveDimensions>(node, join(dims));
    if (d > kMaximumElements || count * d > kMaximumElements) {
      refuse<kElementCount>(node, join(dims));
    }
    count *= d;
  }
  return count;
}

std::optional<std::vector<int8_t>> broadcast(const Value& constant,
                                             const std::vector<int64_t>& dims,
                                             const std::vector<int>& order) {
  if (!constant.constant || constant.dims.size() > dims.size()) return std::nullopt;
  const size_t missing = dims.size() - constant.dims.size();
  const std::vector<int64_t> own = strides_of(constant.dims, constant.order);
  std::vector<int64_t> source(dims.size(), 0);
  for (size_t i = 0; i < constant.dims.size(); ++i) {
    if (constant.dims[i] != 1 && constant.dims[i] != dims[missing + i]) return std::nullopt;
    source[missing + i] = constant.dims[i] == 1 ? 0 : own[i];
  }
  const std::vector<int64_t> target = strides_of(dims, order);
  const int64_t total = std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  std::vector<int8_t> result(static_cast<size_t>(total));
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i, from = 0, to = 0;
    for (size_t axis = dims.size(); axis-- > 0;) {
      const int64_t index = rest % dims[axis];
      rest /= dims[axis];
      from += index * source[axis];
      to += index * target[axis];
    }
    result[static_cast<size_t>(to)] = (*constant.constant)[static_cast<size_t>(from)];
  }
  return result;
}

}  // namespace zahl::frontend
