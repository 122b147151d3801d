// Nodes that take parts of an axis, or trade space for channels.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/rules.h"
#include "isa/round.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

size_t axis_of(const OnnxNode& node, int64_t axis, size_t rank) {
  const int64_t counted = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
  if (counted < 0 || counted >= static_cast<int64_t>(rank)) {
    refuse<kAxisExists>(node.name(), axis, rank);
  }
  return static_cast<size_t>(counted);
}

Span split_span(OnnxContext& c, const OnnxNode& node, const std::vector<int64_t>& dims,
                size_t output) {
  const size_t axis = axis_of(node, node.integer("axis", 0), dims.size());
  const auto parts = static_cast<int64_t>(node.outputs());
  const int64_t even = ceil_div(dims[axis], parts);
  std::vector<int64_t> sizes(static_cast<size_t>(parts), even);
  sizes.back() = dims[axis] - even * (parts - 1);
  if (const auto given = c.integers(node, 1, "split")) sizes = *given;
  int64_t sum = 0, begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || sizes[i] > dims[axis])
      refuse<kSplitSizes>(node.name(), dims[axis], join(sizes));
    if (i == output) begin = sum;
    sum += sizes[i];
  }
  if (sizes.size() != node.outputs() || sum != dims[axis]) {
    refuse<kSplitSizes>(node.name(), dims[axis], join(sizes));
  }
  return {axis, begin, sizes[output], 1};
}

std::vector<Span> slice_spans(OnnxContext& c, const OnnxNode& node,
                              const std::vector<int64_t>& dims) {
  const auto starts = c.integers(node, 1, "starts"), ends = c.integers(node, 2, "ends");
  if (!starts || !ends || starts->size() != ends->size()) {
    refuse<kConstantBounds>(node.name());
  }
  std::vector<int64_t> axes(starts->size()), steps(starts->size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  if (const auto given = c.integers(node, 3, "axes")) axes = *given;
  if (const auto given = c.integers(node, 4, "steps")) steps = *given;
  if (axes.size() != starts->size() || steps.size() != starts->size())
    refuse<kBoundsPair>(node.name());
  std::vector<Span> spans;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = axis_of(node, axes[i], dims.size());
    const auto inside = [&](int64_t index) {
      return std::clamp<int64_t>(index < 0 ? index + dims[axis] : index, 0, dims[axis]);
    };
    const int64_t begin = inside((*starts)[i]), end = inside((*ends)[i]);
    if (steps[i] < 1) refuse<kPositiveStep>(node.name(), steps[i]);
    if (end <= begin) refuse<kNotEmpty>(node.name());
    if (begin == 0 && end == dims[axis] && steps[i] == 1) continue;
    spans.push_back({axis, begin, (end - begin + steps[i] - 1) / steps[i], steps[i]});
  }
  return spans;
}

ValueId apply_blocks(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const std::vector<int64_t> dims = c.network.value(id).dims;
  const int64_t b = node.integer("blocksize", 0);
  const bool gives_space = node.type() == "DepthToSpace";
  if (dims.size() != 4 || b < 1 || b > 64 ||
      (gives_space ? dims[1] % (b * b) != 0 : dims[2] % b != 0 || dims[3] % b != 0)) {
    refuse<kBlocksFit>(node.name(), b, join(dims));
  }
  const int64_t n = dims[0], k = dims[1], h = dims[2], w = dims[3];
  if (!gives_space) {
    id = reshape(c, node, id, {n, k, h / b, b, w / b, b});
    id = transpose(c, node, id, {0, 3, 5, 1, 2, 4});
    return reshape(c, node, id, {n, k * b * b, h / b, w / b});
  }
  const bool is_crd = node.text("mode", "DCR") == "CRD";
  id = is_crd ? reshape(c, node, id, {n, k / (b * b), b, b, h, w})
              : reshape(c, node, id, {n, b, b, k / (b * b), h, w});
  id = is_crd ? transpose(c, node, id, {0, 1, 4, 2, 5, 3})
              : transpose(c, node, id, {0, 3, 4, 1, 5, 2});
  return reshape(c, node, id, {n, k / (b * b), h * b, w * b});
}

ValueId apply_split(OnnxContext& c, const Move& move, ValueId id) {
  const Span span = split_span(c, *move.node, c.network.value(id).dims, move.output);
  return slice(c, *move.node, id, {span}, move.node->output(move.output));
}

ValueId apply_slice(OnnxContext& c, const Move& move, ValueId id) {
  const auto spans = slice_spans(c, *move.node, c.network.value(id).dims);
  return slice(c, *move.node, id, spans, move.node->output());
}

constexpr OnnxOperator kRows[] = {
    {"Split", read_move, kView, kSplitRules, apply_split},
    {"Slice", read_move, kView, kSliceRules, apply_slice},
    {"DepthToSpace", read_move, kView, kBlocksRules, apply_blocks},
    {"SpaceToDepth", read_move, kView, kBlocksRules, apply_blocks},
};

}  // namespace

std::span<const OnnxOperator> onnx_span_operators() { return kRows; }

}  // namespace zahl::frontend
