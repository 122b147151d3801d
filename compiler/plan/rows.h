// Which rows of its inputs an operator reads.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"

namespace zahl::plan {

// All inputs of the convolution, whose channels lie one behind the other.
inline std::vector<ir::TensorId> sources_of(const ir::Conv& conv) {
  std::vector<ir::TensorId> ids = {conv.input};
  ids.insert(ids.end(), conv.more_inputs.begin(), conv.more_inputs.end());
  return ids;
}

// Rows that one output row spans.
template <class Op>
int reach_of(const Op& operation) {
  if constexpr (requires { operation.dilation_h; })
    return (operation.kernel_h - 1) * operation.dilation_h + 1;
  if constexpr (requires { operation.kernel_h; }) return operation.kernel_h;
  return 1;
}

// Of how many input rows a convolution reads one and skips the others.
inline int row_stride(const ir::Conv& conv) {
  return conv.kernel_h == 1 && conv.padding.top == 0 ? conv.stride_h : 1;
}

}  // namespace zahl::plan
