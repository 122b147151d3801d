// Nodes that only rearrange, as views of their input's bytes.
#pragma once

#include "compiler/frontend/onnx/operators.h"

namespace zahl::frontend {

struct Span {  // indices begin, begin + step ... of an axis
  size_t axis;
  int64_t begin, count, step;
};

// Counted from the start; refuses an axis that does not exist.
size_t axis_of(const OnnxNode& node, int64_t axis, size_t rank);

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

// The same of a node that adds `filling`.
void read_filled_move(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op, float filling);

inline constexpr std::string_view kView = "a view: no bytes move, or they move for its reader";

}  // namespace zahl::frontend
