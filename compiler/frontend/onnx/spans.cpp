// Nodes that take parts of an axis, or trade space for channels.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/pieces.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/rules.h"
#include "isa/round.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

constexpr int64_t kFar = int64_t{1} << 30;

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
    if (steps[i] == 0) refuse<kStepsOn>(node.name());
    const auto span = span_between(dims[axis], (*starts)[i], (*ends)[i], steps[i]);
    if (!span) refuse<kNotEmpty>(node.name());
    if (*span != AxisSpan{0, dims[axis], 1})
      spans.push_back({axis, span->begin, span->count, span->step});
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

ValueId apply_gather(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  std::vector<int64_t> dims = c.network.value(id).dims;
  const size_t axis = axis_of(node, node.integer("axis", 0), dims.size());
  const OnnxTensor* chosen = c.constant(node.input(1));
  if (!chosen || chosen->is_float()) refuse<kConstantIntegers>(node.name(), node.input(1));
  std::vector<int64_t> indices = chosen->integers;
  if (indices.empty()) refuse<kNotEmpty>(node.name());
  for (int64_t& i : indices) {
    if (i < -dims[axis] || i >= dims[axis]) refuse<kIndexExists>(node.name(), i, dims[axis]);
    i += i < 0 ? dims[axis] : 0;
  }
  id = gathered(c.network, node.name(), id, axis, indices, node.output());
  if (chosen->dims.size() == 1) return id;
  const auto at = dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(at, chosen->dims.begin(), chosen->dims.end());
  return reshape(c, node, id, dims);
}

ValueId apply_tile(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const auto times = c.integers(node, 1, "repeats");
  const Value like = c.network.value(id);
  if (!times || times->size() != like.dims.size()) refuse<kRepeatsOfEach>(node.name());
  View view = view_of(c.network, id);
  std::vector<int64_t> dims = like.dims;
  for (size_t axis = 0; axis < times->size(); ++axis) {
    if ((*times)[axis] < 1) refuse<kNotEmpty>(node.name());
    dims[axis] *= std::min((*times)[axis], kFar);
    element_count(node.name(), dims);
    view = tiled(view, axis, (*times)[axis]);
  }
  return add_view(c.network, node.name(), like, node.output(), view);
}

ValueId apply_expand(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const auto shape = c.integers(node, 1, "shape");
  const Value like = c.network.value(id);
  const auto dims = shape ? common_dims(like.dims, *shape) : std::nullopt;
  if (!dims) refuse<kSameElements>(node.name(), join(shape.value_or(like.dims)), join(like.dims));
  element_count(node.name(), *dims);
  return add_view(c.network, node.name(), like, node.output(),
                  *broadcast(view_of(c.network, id), *dims));
}

constexpr std::string_view kGathered = "a view, or a concatenation of several";

constexpr OnnxOperator kRows[] = {
    {"Gather", read_move, kGathered, kGatherRules, apply_gather},
    {"Tile", read_move, kView, kTileRules, apply_tile},
    {"Expand", read_move, kView, kExpandRules, apply_expand},
    {"Split", read_move, kView, kSplitRules, apply_split},
    {"Slice", read_move, kView, kSliceRules, apply_slice},
    {"DepthToSpace", read_move, kView, kBlocksRules, apply_blocks},
    {"SpaceToDepth", read_move, kView, kBlocksRules, apply_blocks},
};

}  // namespace

std::span<const OnnxOperator> onnx_span_operators() { return kRows; }

}  // namespace zahl::frontend
