// Operators that only rearrange, as views of their input; concatenation.
#include "compiler/frontend/tflite/moves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/arithmetic/tflite_table.h"
#include "compiler/frontend/network/pieces.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"
#include "compiler/frontend/tflite/shapes.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

using Span = AxisSpan;

constexpr int64_t kFirst = std::numeric_limits<int64_t>::min(),
                  kLast = std::numeric_limits<int64_t>::max();

std::vector<int64_t> permutation_of(const NodeName& node, const std::vector<int64_t>& permutation,
                                    size_t rank) {
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i) || sorted.size() != rank) refuse<kPermutation>(node);
  }
  return permutation;
}

// The tensor is this value, which the file must agree with.
void set_value(TfliteContext& c, const Operator& op, size_t output, ValueId id) {
  const int tensor = op.outputs.at(output);
  const Value stated = c.network.value(c.value_of(op.node, tensor));
  const Value made = c.network.value(id);
  if (made.scale != stated.scale || made.zero_point != stated.zero_point) {
    refuse<kSameScale>(op.node);
  }
  require_dims(op.node, stated, made.dims);
  c.values[tensor] = id;
}

std::string name_of(TfliteContext& c, const Operator& op, size_t output) {
  return c.network.value(c.value_of(op.node, op.outputs.at(output))).name;
}

// The axis counted from the start, of `rank`.
size_t axis_in(const NodeName& node, int64_t axis, size_t rank) {
  const int64_t counted = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
  if (counted < 0 || counted >= static_cast<int64_t>(rank))
    refuse<kAxisInRange>(node, fmt::format("[{}]", axis));
  return static_cast<size_t>(counted);
}

ValueId reshaped_value(TfliteContext& c, const Operator& op, ValueId source,
                       const std::vector<int64_t>& dims) {
  auto view = reshaped(view_of(c.network, source), dims);
  if (!view) {  // the bytes must come into order first
    source = c.in_order(op.node, source);
    view = reshaped(view_of(c.network, source), dims);
  }
  const Value like = c.network.value(source);
  return add_view(c.network, op.node, like, like.name, *view);
}

void read_reshape(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 2);
  ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.file.dims(op.outputs[0]);
  if (element_count(op.node, dims) != element_count(op.node, c.network.value(source).dims)) {
    refuse<kSameElements>(op.node, join(dims), join(c.network.value(source).dims));
  }
  const auto target = target_of_reshape(c, op, element_count(op.node, dims));
  if (op.code == BuiltinOperator::RESHAPE && target && *target != dims)
    refuse<kFollowingShape>(op.node, c.file.name(op.outputs[0]), join(dims), join(*target));
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

// The view that takes a part of each axis; `source` comes into order where that is needed.
View sliced_view(TfliteContext& c, const Operator& op, ValueId& source,
                 const std::vector<Span>& spans) {
  View view = view_of(c.network, source);
  for (size_t axis = 0; axis < spans.size(); ++axis) {
    const auto [begin, count, step] = spans[axis];
    const int64_t size = c.network.value(source).dims[axis], last = begin + (count - 1) * step;
    if (begin < 0 || count < 1 || begin >= size || last < 0 || last >= size) {
      refuse<kSpanExists>(op.node, count, begin, size);
    }
    if (begin == 0 && count == size) continue;
    auto part = sliced(view, axis, begin, count, step);
    if (!part) {
      source = c.in_order(op.node, source);
      return sliced_view(c, op, source, spans);
    }
    view = *part;
  }
  return view;
}

void set_slices(TfliteContext& c, const Operator& op, size_t output, ValueId source,
                const std::vector<Span>& spans) {
  const View view = sliced_view(c, op, source, spans);
  set_view(c, op, output, source, view);
}

std::vector<Span> whole(const std::vector<int64_t>& dims) {
  std::vector<Span> spans;
  for (int64_t size : dims) spans.push_back({0, size, 1});
  return spans;
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
    std::vector<Span> spans = whole(dims);
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

// One axis of the input where it is taken, none where an axis of one is new.
void read_strided_slice(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 4, 4);
  const auto& o = options_of<tflite::StridedSliceOptions>(op);
  ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims;
  const auto begins = c.file.integers(op.node, op.inputs[1]),
             ends = c.file.integers(op.node, op.inputs[2]),
             steps = c.file.integers(op.node, op.inputs[3]);
  const size_t named = begins.size();
  if (ends.size() != named || steps.size() != named || named > 31) refuse<kBeginEndStep>(op.node);
  const auto has = [](int mask, size_t i) { return (mask >> i & 1) != 0; };
  size_t taken = 0;  // axes of the input that the entries name
  for (size_t i = 0; i < named; ++i)
    taken += has(o.ellipsis_mask(), i) || has(o.new_axis_mask(), i) ? 0 : 1;
  if (taken > dims.size()) refuse<kBeginEndStep>(op.node);
  std::vector<Span> spans;
  std::vector<int64_t> result;
  const auto take_whole = [&](size_t count) {
    for (; count > 0; --count) {
      result.push_back(dims[spans.size()]);
      spans.push_back({0, dims[spans.size()], 1});
    }
  };
  for (size_t i = 0; i < named; ++i) {
    if (has(o.ellipsis_mask(), i)) {
      take_whole(dims.size() - taken);
      taken = dims.size();
      continue;
    }
    if (has(o.new_axis_mask(), i)) {
      result.push_back(1);
      continue;
    }
    const int64_t size = dims[spans.size()], step = steps[i];
    if (step == 0) refuse<kBeginEndStep>(op.node);
    const int64_t begin = begins[i] < 0 ? begins[i] + size : begins[i];
    if (has(o.shrink_axis_mask(), i)) {
      spans.push_back({begin, 1, 1});
      continue;
    }
    const int64_t end = o.offset() ? begin + ends[i] : ends[i];
    const auto span =
        span_between(size, has(o.begin_mask(), i) ? (step > 0 ? kFirst : kLast) : begins[i],
                     has(o.end_mask(), i) ? (step > 0 ? kLast : kFirst) : end, step);
    if (!span) refuse<kNotEmpty>(op.node);
    spans.push_back(*span);
    result.push_back(span->count);
  }
  take_whole(dims.size() - spans.size());
  const View view = sliced_view(c, op, source, spans);
  const Value like = c.network.value(source);
  const ValueId part = add_view(c.network, op.node, like, name_of(c, op, 0), view);
  set_value(c, op, 0,
            result == c.network.value(part).dims ? part : reshaped_value(c, op, part, result));
}

// The tensors side by side along an axis of their own.
void read_pack(TfliteContext& c, const Operator& op) {
  if (op.inputs.empty() || op.outputs.size() != 1 || std::ranges::min(op.inputs) < 0)
    refuse<kInputCount>(op.node);
  const std::vector<int64_t> dims = c.file.dims(op.outputs[0]);
  const size_t axis = axis_in(op.node, options_of<tflite::PackOptions>(op).axis(), dims.size());
  std::vector<int64_t> part = dims;
  part[axis] = 1;
  std::vector<ValueId> parts;
  for (int input : op.inputs) {
    const ValueId id = c.value_of(op.node, input);
    std::vector<int64_t> expected = dims;
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(axis));
    require_dims(op.node, c.network.value(id), expected);
    parts.push_back(reshaped_value(c, op, id, part));
  }
  const std::vector<int> order = plain_order(dims.size());
  set_value(c, op, 0, joined(c.network, op.node, parts, axis, order, name_of(c, op, 0)));
}

void read_unpack(TfliteContext& c, const Operator& op) {
  if (op.inputs.size() != 1 || op.outputs.empty() || op.inputs[0] < 0) refuse<kInputCount>(op.node);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  std::vector<int64_t> dims = c.network.value(source).dims;
  const size_t axis = axis_in(op.node, options_of<tflite::UnpackOptions>(op).axis(), dims.size());
  if (dims[axis] != std::ssize(op.outputs)) refuse<kPartsFill>(op.node);
  std::vector<Span> spans = whole(dims);
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    spans[axis] = {static_cast<int64_t>(i), 1, 1};
    ValueId from = source;
    const View view = sliced_view(c, op, from, spans);
    const Value like = c.network.value(from);
    const ValueId part = add_view(c.network, op.node, like, name_of(c, op, i), view);
    set_value(c, op, i, reshaped_value(c, op, part, dims));
  }
}

void read_gather(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const auto& o = options_of<tflite::GatherOptions>(op);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims, shape = c.file.dims(op.inputs[1]);
  const size_t axis = axis_in(op.node, o.axis(), dims.size());
  std::vector<int64_t> indices = c.file.integers(op.node, op.inputs[1]);
  if (o.batch_dims() != 0) refuse<kNoBatchDims>(op.node, o.batch_dims());
  for (int64_t i : indices) {
    if (i < 0 || i >= dims[axis]) refuse<kSpanExists>(op.node, 1, i, dims[axis]);
  }
  if (indices.empty()) refuse<kNotEmpty>(op.node);
  const ValueId result = gathered(c.network, op.node, source, axis, indices, name_of(c, op, 0));
  std::vector<int64_t> wanted = dims;
  const auto at = wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(axis));
  wanted.insert(at, shape.begin(), shape.end());
  set_value(c, op, 0, shape.size() == 1 ? result : reshaped_value(c, op, result, wanted));
}

void read_tile(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const auto times = c.file.integers(op.node, op.inputs[1]);
  View view = view_of(c.network, source);
  if (times.size() != view.dims.size()) refuse<kTimesOfEach>(op.node);
  for (size_t axis = 0; axis < times.size(); ++axis) {
    if (times[axis] < 1) refuse<kNotEmpty>(op.node);
    view = tiled(view, axis, times[axis]);
  }
  set_view(c, op, 0, source, view);
}

void read_broadcast(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> wanted = c.file.integers(op.node, op.inputs[1]);
  element_count(op.node, wanted);
  const auto view = broadcast(view_of(c.network, source), wanted);
  if (!view) refuse<kSameElements>(op.node, join(wanted), join(c.network.value(source).dims));
  set_view(c, op, 0, source, *view);
}

void read_reverse(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId source = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(source).dims;
  std::vector<Span> spans = whole(dims);
  for (int64_t named : c.file.integers(op.node, op.inputs[1])) {
    const size_t axis = axis_in(op.node, named, dims.size());
    spans[axis] = {dims[axis] - 1, dims[axis], -1};
  }
  set_slices(c, op, 0, source, spans);
}

// In float32, as TensorFlow Lite computes it.
int64_t nearest_index(int64_t i, int64_t size, int64_t resized, bool aligns_corners,
                      bool has_half_pixels) {
  const float scale = aligns_corners && resized > 1
                          ? static_cast<float>(size - 1) / static_cast<float>(resized - 1)
                          : static_cast<float>(size) / static_cast<float>(resized);
  const float at = (static_cast<float>(i) + (has_half_pixels ? 0.5f : 0.0f)) * scale;
  const auto index = static_cast<int64_t>(aligns_corners ? std::round(at) : std::floor(at));
  return std::clamp<int64_t>(index, 0, size - 1);
}

void read_resize(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const auto& o = options_of<tflite::ResizeNearestNeighborOptions>(op);
  ValueId id = c.value_of(op.node, op.inputs[0]);
  const std::vector<int64_t> dims = c.network.value(id).dims,
                             sizes = c.file.integers(op.node, op.inputs[1]);
  if (dims.size() != 4 || sizes.size() != 2 || std::ranges::min(sizes) < 1)
    refuse<kResizedMap>(op.node, join(sizes), join(dims));
  element_count(op.node, {dims[0], sizes[0], sizes[1], dims[3]});
  for (size_t axis : {size_t{1}, size_t{2}}) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < sizes[axis - 1]; ++i) {
      indices.push_back(
          nearest_index(i, dims[axis], sizes[axis - 1], o.align_corners(), o.half_pixel_centers()));
    }
    id = gathered(c.network, op.node, id, axis, indices, name_of(c, op, 0));
  }
  set_value(c, op, 0, id);
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
    std::vector<int64_t> dims = output.dims;
    if (part.dims.size() == dims.size()) dims[along] = part.dims[along];
    require_dims(op.node, part, dims);
    sum += dims[along];
    if (part.scale == output.scale && part.zero_point == output.zero_point) continue;
    if (!part.is_unsigned) refuse<kConcatScales>(op.node);
    TableLayer table{.input = layer.inputs.back(), .output = -1, .table = {}};
    table.table = arithmetic::tfl_concatenated_unsigned(
        {part.scale, output.scale, part.zero_point, output.zero_point});
    Value rescaled = part;
    rescaled.scale = output.scale;
    rescaled.zero_point = output.zero_point;
    rescaled.constant.reset();
    layer.inputs.back() = table.output = c.network.add(std::move(rescaled));
    c.add(op, table);
  }
  if (sum != output.dims[along]) refuse<kPartsFill>(op.node);
  c.add(op, std::move(layer));
}

constexpr std::string_view kView = "a view: no bytes move, or they move for its reader";
constexpr std::string_view kGathered = "a view, or a concatenation of several";

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::RESHAPE, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::SQUEEZE, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::EXPAND_DIMS, read_reshape, kView, kReshapeRules},
    {BuiltinOperator::TRANSPOSE, read_transpose, kView, kTransposeRules},
    {BuiltinOperator::SPLIT, read_split, kView, kSplitRules},
    {BuiltinOperator::SPLIT_V, read_split, kView, kSplitRules},
    {BuiltinOperator::SLICE, read_slice, kView, kSliceRules},
    {BuiltinOperator::STRIDED_SLICE, read_strided_slice, kView, kStridedSliceRules},
    {BuiltinOperator::UNPACK, read_unpack, kView, kUnpackRules},
    {BuiltinOperator::GATHER, read_gather, kGathered, kGatherRules},
    {BuiltinOperator::REVERSE_V2, read_reverse, kView, kReverseRules},
    {BuiltinOperator::TILE, read_tile, kView, kTileRules},
    {BuiltinOperator::BROADCAST_TO, read_broadcast, kView, kBroadcastRules},
    {BuiltinOperator::DEPTH_TO_SPACE, read_blocks, kView, kBlocksRules},
    {BuiltinOperator::SPACE_TO_DEPTH, read_blocks, kView, kBlocksRules},
    {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, read_resize, kGathered, kResizeRules},
    {BuiltinOperator::PACK, read_pack, "a concatenation", kPackRules},
    {BuiltinOperator::CONCATENATION, read_concatenation, "a concatenation", kConcatenationRules},
};

}  // namespace

void set_view(TfliteContext& c, const TfliteFile::Operator& op, size_t output, ValueId source,
              const View& view) {
  const std::string name = name_of(c, op, output);
  const Value like = c.network.value(source);
  set_value(c, op, output, add_view(c.network, op.node, like, name, view));
}

std::span<const TfliteOperator> tflite_move_operators() { return kRows; }

}  // namespace zahl::frontend
