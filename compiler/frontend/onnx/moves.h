// Nodes that only rearrange, as views of their input's bytes.
#pragma once

#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

struct Span {  // indices begin, begin + step ... of an axis
  size_t axis;
  int64_t begin, count, step;
};

ValueId reshape(OnnxContext& c, const OnnxNode& node, ValueId value,
                const std::vector<int64_t>& dims);
// Without a permutation the axes are reversed.
ValueId transpose(OnnxContext& c, const OnnxNode& node, ValueId value,
                  std::vector<int64_t> permutation);
ValueId slice(OnnxContext& c, const OnnxNode& node, ValueId value, const std::vector<Span>& spans,
              const std::string& name);

// Reads a node that only rearranges: at once where its input has bytes, else behind the
// QuantizeLinear that gives them.
void read_move(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op);

inline constexpr std::string_view kView = "a view: no bytes move, or they move for its reader";

}  // namespace zahl::frontend
