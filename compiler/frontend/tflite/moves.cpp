// Operators that only rearrange, as views of their input; concatenation.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

struct Span {
  int64_t begin, count, step;
};

std::vector<int64_t> permutation_of(const NodeName& node, const std::vector<int64_t>& permutation,
                                    size_t rank) {
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i) || sorted.size() != rank) refuse<kPermutation>(node);
  }
  return permutation;
}

// The tensor is this view of `source`, which the file must agree with.
void set_view(TfliteContext& c, const Operator& op, size_t output, ValueId source,
              const View& view) {
  const int tensor = op.outputs.at(output);
  const Value stated = c.network.value(c.value_of(op.node, tensor));
  const Value like = c.network.value(source);
  if (like.scale != stated.scale || like.zero_point != stated.zero_point) {
    refuse<kSameScale>(op.node);
  }
  const ValueId id = add_view(c.network, op.node, like, stated.name, view);
  require_dims(op.node, stated, c.network.value(id).dims);
  c.values[tensor] = id;
}

void read_reshape(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 2);
  ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.file.dims(op.outputs[0]);
  if (element_count(op.node, dims) != element_count(op.node, c.network.value(source).dims)) {
    refuse<kSameElements>(op.node, join(dims), join(c.network.value(source).dims));
  }
  auto view = reshaped(view_of(c.network, source), dims);
  if (!view) {  // the bytes must come into order first
    source = c.in_order(op.node, source);
    view = reshaped(view_of(c.network, source), dims);
  }
  set_view(c, op, 0, source, *view);
}

void read_transpose(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const auto permutation = permutation_of(op.node, c.file.integers(op.node, op.inputs[1]),
                                          c.network.value(source).dims.size());
  set_view(c, op, 0, source, transposed(view_of(c.network, source), permutation));
}

void set_slices(TfliteContext& c, const Operator& op, size_t output, ValueId source,
                const std::vector<Span>& spans) {
  View view = view_of(c.network, source);
  for (size_t axis = 0; axis < spans.size(); ++axis) {
    const auto [begin, count, step] = spans[axis];
    const int64_t size = c.network.value(source).dims[axis];
    if (begin < 0 || count < 1 || step < 1 || begin + (count - 1) * step >= size) {
      refuse<kSpanExists>(op.node, count, begin, size);
    }
    if (begin == 0 && count == size) continue;
    auto part = sliced(view, axis, begin, count, step);
    if (!part) {
      source = c.in_order(op.node, source);
      return set_slices(c, op, output, source, spans);
    }
    view = *part;
  }
  set_view(c, op, output, source, view);
}

// SPLIT has its axis first, SPLIT_V its input, the sizes and the axis.
void read_split(TfliteContext& c, const Operator& op) {
  const bool has_sizes = op.code == tflite::BuiltinOperator::SPLIT_V;
  if (op.inputs.size() != (has_sizes ? 3u : 2u) || op.outputs.empty() ||
      std::ranges::min(op.inputs) < 0)
    refuse<kInputCount>(op.node);
  const ValueId source = c.value_of(op.node, op.inputs[has_sizes ? 0 : 1]);
  const std::vector<int64_t> dims = c.network.value(source).dims;
  const std::vector<int64_t> axes = c.file.integers(op.node, op.inputs[has_sizes ? 2 : 0]);
  const int64_t axis = axes.size() != 1 ? -1
                       : axes[0] < 0    ? axes[0] + static_cast<int64_t>(dims.size())
                                        : axes[0];
  if (axis < 0 || axis >= static_cast<int64_t>(dims.size()))
    refuse<kAxisInRange>(op.node, join(axes));
  int64_t begin = 0;
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    const std::vector<int64_t> part = c.file.dims(op.outputs[i]);
    if (part.size() != dims.size()) refuse<kSameElements>(op.node, join(part), join(dims));
    std::vector<Span> spans;
    for (size_t a = 0; a < dims.size(); ++a) spans.push_back({0, dims[a], 1});
    const int64_t count = part[static_cast<size_t>(axis)];
    spans[static_cast<size_t>(axis)] = {begin, count, 1};
    set_slices(c, op, i, source, spans);
    begin += count;
  }
}

void read_slice(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 3, 3);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims;
  const auto begins = c.file.integers(op.node, op.inputs[1]),
             sizes = c.file.integers(op.node, op.inputs[2]);
  if (begins.size() != dims.size() || sizes.size() != dims.size()) refuse<kBeginAndSize>(op.node);
  std::vector<Span> spans;
  for (size_t a = 0; a < dims.size(); ++a)
    spans.push_back({begins[a], sizes[a] < 0 ? dims[a] - begins[a] : sizes[a], 1});
  set_slices(c, op, 0, source, spans);
}

void read_strided_slice(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 4, 4);
  const auto& o = options_of<tflite::StridedSliceOptions>(op);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims;
  const auto begins = c.file.integers(op.node, op.inputs[1]),
             ends = c.file.integers(op.node, op.inputs[2]);
  const auto steps = c.file.integers(op.node, op.inputs[3]);
  if (o.ellipsis_mask() != 0 || o.new_axis_mask() != 0 || o.shrink_axis_mask() != 0 ||
      begins.size() != dims.size() || ends.size() != dims.size() || steps.size() != dims.size()) {
    refuse<kPlainSlice>(op.node);
  }
  std::vector<Span> spans;
  for (size_t a = 0; a < dims.size(); ++a) {
    const auto inside = [&](int64_t i) {
      return std::clamp<int64_t>(i < 0 ? i + dims[a] : i, 0, dims[a]);
    };
    const int64_t begin = (o.begin_mask() >> a & 1) != 0 ? 0 : inside(begins[a]);
    const int64_t end = (o.end_mask() >> a & 1) != 0 ? dims[a] : inside(ends[a]);
    spans.push_back({begin, steps[a] < 1 ? 0 : (end - begin + steps[a] - 1) / steps[a], steps[a]});
  }
  set_slices(c, op, 0, source, spans);
}

void read_resize(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const auto& o = options_of<tflite::ResizeNearestNeighborOptions>(op);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims,
                             wanted = c.file.dims(op.outputs[0]);
  View view = view_of(c.network, source);
  const bool fits = dims.size() == 4 && wanted.size() == 4;
  for (size_t axis = 1; fits && axis < 3; ++axis) {
    if (wanted[axis] < 1 || wanted[axis] % dims[axis] != 0 ||
        (o.align_corners() && wanted[axis] != dims[axis])) {
      refuse<kNearestResize>(op.node, dims[axis], wanted[axis],
                             o.align_corners() ? " with aligned corners" : "");
    }
    if (wanted[axis] != dims[axis])
      view = repeated(view, axis, static_cast<int>(wanted[axis] / dims[axis]));
  }
  set_view(c, op, 0, source, view);
}

// Blocks of pixels against channels; the first axis of a block goes with the rows.
void read_blocks(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  const bool gives_space = op.code == tflite::BuiltinOperator::DEPTH_TO_SPACE;
  const int64_t b = gives_space ? options_of<tflite::DepthToSpaceOptions>(op).block_size()
                                : options_of<tflite::SpaceToDepthOptions>(op).block_size();
  const ValueId source = c.in_order(op.node, c.value_of(op.node, op.inputs[0]));
  const std::vector<int64_t> d = c.network.value(source).dims;
  if (d.size() != 4 || b < 1 || b > 64 ||
      (gives_space ? d[3] % (b * b) != 0 : d[1] % b != 0 || d[2] % b != 0))
    refuse<kBlocksFit>(op.node, b, join(d));
  const View plain = view_of(c.network, source);
  const View apart = gives_space ? *reshaped(plain, {d[0], d[1], d[2], b, b, d[3] / (b * b)})
                                 : *reshaped(plain, {d[0], d[1] / b, b, d[2] / b, b, d[3]});
  View result{apart.root, apart.offset, std::vector<std::vector<ir::Move::Axis>>(4)};
  const std::array<std::vector<size_t>, 4> joined =
      gives_space ? std::array<std::vector<size_t>, 4>{{{0}, {1, 3}, {2, 4}, {5}}}
                  : std::array<std::vector<size_t>, 4>{{{0}, {1}, {3}, {2, 4, 5}}};
  for (size_t axis = 0; axis < 4; ++axis) {
    for (size_t from : joined[axis])
      result.dims[axis].insert(result.dims[axis].end(), apart.dims[from].begin(),
                               apart.dims[from].end());
  }
  set_view(c, op, 0, source, result);
}

void read_concatenation(TfliteContext& c, const Operator& op) {
  if (op.inputs.empty() || op.outputs.size() != 1 || std::ranges::min(op.inputs) < 0)
    refuse<kInputCount>(op.node);
  const auto& o = options_of<tflite::ConcatenationOptions>(op);
  if (o.fused_activation_function() != tflite::ActivationFunctionType::NONE)
    refuse<kNoActivation>(op.node);
  ConcatLayer layer{.inputs = {}, .output = c.output_of(op)};
  const Value output = c.network.value(layer.output);
  const auto rank = static_cast<int64_t>(output.dims.size());
  layer.axis = o.axis() + (o.axis() < 0 ? static_cast<int>(rank) : 0);
  if (layer.axis < 0 || layer.axis >= rank) refuse<kAxisExists>(op.node, o.axis());
  const auto along = static_cast<size_t>(layer.axis);
  int64_t sum = 0;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    layer.inputs.push_back(c.input_of(op, i));
    const Value& part = c.network.value(layer.inputs.back());
    if (part.scale != output.scale || part.zero_point != output.zero_point)
      refuse<kConcatScales>(op.node);
    std::vector<int64_t> dims = output.dims;
    if (part.dims.size() == dims.size()) dims[along] = part.dims[along];
    require_dims(op.node, part, dims);
    sum += dims[along];
  }
  if (sum != output.dims[along]) refuse<kPartsFill>(op.node);
  c.add(op, std::move(layer));
}

constexpr std::string_view kView = "a view: no bytes move, or they move for its reader";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::RESHAPE, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::SQUEEZE, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::EXPAND_DIMS, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::TRANSPOSE, read_transpose, kView, kTransposeRules},
    {BuiltinOperator::SPLIT, read_split, kView, kSplitRules},
    {BuiltinOperator::SPLIT_V, read_split, kView, kSplitRules},
    {BuiltinOperator::SLICE, read_slice, kView, kSliceRules},
    {BuiltinOperator::STRIDED_SLICE, read_strided_slice, kView, kStridedSliceRules},
    {BuiltinOperator::DEPTH_TO_SPACE, read_blocks, kView, kBlocksRules},
    {BuiltinOperator::SPACE_TO_DEPTH, read_blocks, kView, kBlocksRules},
    {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, read_resize, kView, kResizeRules},
    {BuiltinOperator::CONCATENATION, read_concatenation, "a concatenation", kConcatenationRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_move_operators() { return kRows; }

}  // namespace zahl::frontend
