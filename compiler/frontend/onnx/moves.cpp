// Nodes that only rearrange: what they mean for the order of bytes in memory.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/reader.h"

namespace zahl::frontend {
namespace {

std::string join(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

// The shape that a Reshape, Flatten, Squeeze or Unsqueeze gives.
std::vector<int64_t> flatten(const std::vector<int64_t>& dims, int64_t axis) {
  std::vector<int64_t> result{1, 1};
  for (size_t i = 0; i < dims.size(); ++i)
    result[static_cast<int64_t>(i) < axis ? 0 : 1] *= dims[i];
  return result;
}

constexpr std::string_view kIntactFile = "use an intact file as written by onnx.save";

}  // namespace

// The dimensions that a node which only changes them asks for.
std::vector<int64_t> OnnxReader::wanted_dims(const OnnxNode& node,
                                             const std::vector<int64_t>& from) const {
  const std::string& type = node.type();
  const auto rank = static_cast<int64_t>(from.size());
  std::vector<int64_t> dims;
  if (type == "Reshape") {
    const auto wanted = integers(node, 1, "shape");
    if (!wanted)
      refuse(node.name(), "its shape is not constant", "export the model with fixed shapes");
    int64_t known = 1, open = -1;
    for (size_t i = 0; i < wanted->size(); ++i) {
      int64_t d = (*wanted)[i];
      if (d == 0 && node.integer("allowzero", 0) == 0 && static_cast<int64_t>(i) < rank)
        d = from[i];
      if (d == -1 && open < 0) open = static_cast<int64_t>(i);
      if (d < -1 || d == 0 || d > (int64_t{1} << 28) ||
          (d == -1 && open != static_cast<int64_t>(i))) {
        refuse(node.name(), fmt::format("it asks for the shape {}", join(*wanted)),
               "export the model with fixed shapes");
      }
      if (d > 0) known = std::min(known * d, int64_t{1} << 30);
      dims.push_back(d);
    }
    if (open >= 0) dims[static_cast<size_t>(open)] = element_count(node.name(), from) / known;
  } else if (type == "Flatten") {
    const int64_t axis = node.integer("axis", 1);
    dims = flatten(from, axis < 0 ? axis + rank : axis);
  } else {
    auto axes = integers(node, 1, "axes");
    const bool adds = type == "Unsqueeze";
    if (adds && !axes) refuse(node.name(), "it names no axes", kIntactFile);
    const int64_t final_rank = rank + (adds ? static_cast<int64_t>(axes->size()) : 0);
    std::vector<bool> named(static_cast<size_t>(std::min<int64_t>(final_rank, 64)), false);
    if (axes) {
      for (int64_t axis : *axes) {
        axis += axis < 0 ? final_rank : 0;
        if (axis < 0 || axis >= static_cast<int64_t>(named.size()) ||
            named[static_cast<size_t>(axis)])
          refuse(node.name(), "its axes are out of range", kIntactFile);
        named[static_cast<size_t>(axis)] = true;
      }
    }
    if (adds) {
      size_t next = 0;
      for (bool is_new : named) dims.push_back(is_new ? 1 : next < from.size() ? from[next++] : 1);
    } else {
      for (size_t i = 0; i < from.size(); ++i) {
        const bool drops = axes ? named[i] : from[i] == 1;
        if (drops && from[i] != 1)
          refuse(node.name(), "it drops an axis of a size other than one", kIntactFile);
        if (!drops) dims.push_back(from[i]);
      }
    }
  }
  if (element_count(node.name(), dims) != element_count(node.name(), from)) {
    refuse(node.name(), fmt::format("it makes {} from {}", join(dims), join(from)), kIntactFile);
  }
  return dims;
}

ValueId OnnxReader::reshape(const OnnxNode& node, ValueId id, const std::vector<int64_t>& dims) {
  auto view = reshaped(view_of(network_, id), dims);
  if (!view) {  // the bytes must come into order first
    id = in_memory_order(network_, node.name(), id, plain_order(network_.value(id).dims.size()));
    view = reshaped(view_of(network_, id), dims);
  }
  const Value like = network_.value(id);
  return add_view(network_, node.name(), like, node.output(), *view);
}

ValueId OnnxReader::transpose(const OnnxNode& node, ValueId id, std::vector<int64_t> permutation) {
  const Value value = network_.value(id);
  if (permutation.empty()) {
    for (size_t i = value.dims.size(); i-- > 0;) permutation.push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != value.dims.size() || sorted[i] != static_cast<int64_t>(i)) {
      refuse(node.name(), fmt::format("{} is not a permutation of its axes", join(permutation)),
             kIntactFile);
    }
  }
  return add_view(network_, node.name(), value, node.output(),
                  transposed(view_of(network_, id), permutation));
}

ValueId OnnxReader::slice(const OnnxNode& node, ValueId id, const std::vector<Span>& spans,
                          const std::string& name) {
  for (const Span& span : spans) {
    auto view = sliced(view_of(network_, id), span.axis, span.begin, span.count, span.step);
    if (!view) {
      id = in_memory_order(network_, node.name(), id, plain_order(network_.value(id).dims.size()));
      view = sliced(view_of(network_, id), span.axis, span.begin, span.count, span.step);
    }
    const Value like = network_.value(id);
    id = add_view(network_, node.name(), like, name, *view);
  }
  return id;
}

ValueId OnnxReader::apply_move(const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const std::string& type = node.type();
  const std::vector<int64_t> dims = network_.value(id).dims;
  if (type == "Identity" || type == "Dropout") return id;
  if (type == "Pad")
    return apply_pad(
        node, dims.size() == 4 ? in_memory_order(network_, node.name(), id, kChannelsFirst) : id);
  if (type == "Transpose") return transpose(node, id, node.integers("perm", {}));
  if (type == "Split")
    return slice(node, id, {split_span(node, dims, move.output)}, node.output(move.output));
  if (type == "Slice") return slice(node, id, slice_spans(node, dims), node.output());
  if (type == "Resize" || type == "Upsample") return apply_resize(node, id);
  if (type == "DepthToSpace" || type == "SpaceToDepth") return apply_blocks(node, id);
  return reshape(node, id, wanted_dims(node, dims));
}

namespace {

// Outputs that are the input rearranged: all of a Split, the first of a Dropout.
size_t move_outputs(const OnnxNode& node) { return node.type() == "Split" ? node.outputs() : 1; }

}  // namespace

bool OnnxReader::read_move(const OnnxNode& node) {
  static const std::set<std::string> kMoves = {
      "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity",     "Dropout",
      "Pad",     "Split",   "Slice",   "Resize",    "Upsample",  "DepthToSpace", "SpaceToDepth"};
  if (!kMoves.contains(node.type())) return false;
  if (const auto bytes = bytes_.find(node.input(0)); bytes != bytes_.end()) {
    const ValueId source = bytes->second;
    for (size_t i = 0; i < move_outputs(node); ++i)
      bytes_[node.output(i)] = apply_move({&node, i}, source);
    return true;
  }
  const Meaning meaning = meaning_of(node, 0);
  if (is_linear_resize(node)) {
    read_linear_resize(node);
    return true;
  }
  if (const auto* quantized = std::get_if<Quantized>(&meaning)) {
    for (size_t i = 0; i < move_outputs(node); ++i) {
      const ValueId moved = apply_move({&node, i}, quantized->value);
      floats_.insert_or_assign(node.output(i), Quantized{moved});
    }
    return true;
  }
  if (const auto* pending = std::get_if<Pending>(&meaning)) {
    for (size_t i = 0; i < move_outputs(node); ++i) {
      Pending moved = *pending;
      moved.moves.push_back({&node, i});
      floats_.insert_or_assign(node.output(i), std::move(moved));
    }
    return true;
  }
  if (const auto* weights = std::get_if<QuantizedConstant>(&meaning)) {
    if (node.type() == "Identity") {
      const QuantizedConstant same = *weights;
      floats_.insert_or_assign(node.output(), same);
      return true;
    }
    if (node.type() == "Transpose" && weights->tensor->dims.size() == 2 &&
        node.integers("perm", {1, 0}) == std::vector<int64_t>{1, 0}) {
      QuantizedConstant result = *weights;
      auto tensor = std::make_shared<OnnxTensor>(*weights->tensor);
      const auto rows = static_cast<size_t>(tensor->dims[0]),
                 columns = static_cast<size_t>(tensor->dims[1]);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < columns; ++c)
          tensor->integers[c * rows + r] = weights->tensor->integers[r * columns + c];
      }
      std::swap(tensor->dims[0], tensor->dims[1]);
      result.tensor = std::move(tensor);
      result.axis = 1 - result.axis;
      floats_.insert_or_assign(node.output(), std::move(result));
      return true;
    }
  }
  refuse(node.name(), fmt::format("its input '{}' is not quantized", node.input(0)), kSurround);
}

}  // namespace zahl::frontend
