// Nodes that only rearrange: what they mean for the order of bytes in memory.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/onnx_reader.h"

namespace zahl::frontend {
namespace {

std::string join(const std::vector<int64_t>& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

std::vector<int64_t> without_ones(const std::vector<int64_t>& dims) {
  std::vector<int64_t> result;
  std::ranges::copy_if(dims, std::back_inserter(result), [](int64_t d) { return d != 1; });
  return result;
}

// The order of the axes of `dims` when the axes of size one were removed or put in: the others keep their places in
// memory.
std::vector<int> order_through_ones(const Value& value, const std::vector<int64_t>& dims) {
  std::vector<int> significant;  // new axes of size other than one
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != 1) significant.push_back(static_cast<int>(i));
  }
  std::vector<int> rank_of_old(value.dims.size(), -1);
  int next = 0;
  for (size_t i = 0; i < value.dims.size(); ++i) {
    if (value.dims[i] != 1) rank_of_old[i] = next++;
  }
  std::vector<int> order;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) order.push_back(static_cast<int>(i));
  }
  for (int axis : value.order) {
    const int rank = rank_of_old[static_cast<size_t>(axis)];
    if (rank >= 0) order.push_back(significant[static_cast<size_t>(rank)]);
  }
  return order;
}

// The shape that a Reshape, Flatten, Squeeze or Unsqueeze gives.
std::vector<int64_t> flatten(const std::vector<int64_t>& dims, int64_t axis) {
  std::vector<int64_t> result{1, 1};
  for (size_t i = 0; i < dims.size(); ++i) result[static_cast<int64_t>(i) < axis ? 0 : 1] *= dims[i];
  return result;
}

}  // namespace

Value OnnxReader::reshaped(const OnnxNode& node, const Value& value, const std::vector<int64_t>& dims) const {
  if (element_count(node.name(), dims) != element_count(node.name(), value.dims)) {
    refuse(node.name(), fmt::format("it makes {} from {}", join(dims), join(value.dims)),
           "use an intact file as written by onnx.save");
  }
  Value result = value;
  result.name = node.output();
  result.dims = dims;
  if (value.flattened) {
    if (without_ones(dims) == without_ones(value.dims)) {
      result.order = plain_order(dims.size());
      return result;
    }
  } else if (same_layout(value.dims, value.order, plain_order(value.dims.size()))) {
    result.order = plain_order(dims.size());
    return result;
  } else if (without_ones(dims) == without_ones(value.dims)) {
    result.order = order_through_ones(value, dims);
    return result;
  } else if (value.dims.size() == 4 && value.order == kChannelsFirst) {
    const int64_t n = value.dims[0], c = value.dims[1], h = value.dims[2], w = value.dims[3];
    if (dims == std::vector<int64_t>{n, c, h * w}) {
      result.order = {0, 2, 1};
      return result;
    }
    if (dims == std::vector<int64_t>{n, c * h * w}) {
      result.order = plain_order(2);
      result.flattened = {static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)};
      return result;
    }
  } else if (value.dims.size() == 3 && value.order == std::vector<int>{0, 2, 1} && dims.size() == 4 &&
             dims[0] == value.dims[0] && dims[1] == value.dims[1]) {
    result.order = kChannelsFirst;
    return result;
  }
  refuse(node.name(),
         fmt::format("the reshape of a channels-first {} to {} would move bytes", join(value.dims), join(dims)),
         "flatten a feature map to [batch, everything] in front of a Gemm, or pool it to one pixel first");
}

Value OnnxReader::transposed(const OnnxNode& node, const Value& value) const {
  std::vector<int64_t> permutation = node.integers("perm", {});
  if (permutation.empty()) {
    for (size_t i = value.dims.size(); i-- > 0;) permutation.push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != value.dims.size() || sorted[i] != static_cast<int64_t>(i)) {
      refuse(node.name(), fmt::format("{} is not a permutation of its axes", join(permutation)),
             "use an intact file as written by onnx.save");
    }
  }
  if (value.flattened) refuse(node.name(), "it transposes a flattened feature map", "transpose before flattening");
  Value result = value;
  result.name = node.output();
  std::vector<int> moved(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) {
    const auto from = static_cast<size_t>(permutation[i]);
    result.dims[i] = value.dims[from];
    moved[from] = static_cast<int>(i);
  }
  for (int& axis : result.order) axis = moved[static_cast<size_t>(axis)];
  return result;
}

ValueId OnnxReader::apply_move(const OnnxNode& node, ValueId id) {
  const std::string& type = node.type();
  const Value value = network_.value(id);
  const auto rank = static_cast<int64_t>(value.dims.size());
  if (type == "Identity" || type == "Dropout") return id;
  if (type == "Pad") return apply_pad(node, id);
  std::vector<int64_t> dims;
  if (type == "Reshape") {
    const auto wanted = integers(node, 1, "shape");
    if (!wanted) refuse(node.name(), "its shape is not constant", "export the model with fixed shapes");
    int64_t known = 1, open = -1;
    for (size_t i = 0; i < wanted->size(); ++i) {
      int64_t d = (*wanted)[i];
      if (d == 0 && node.integer("allowzero", 0) == 0 && static_cast<int64_t>(i) < rank) d = value.dims[i];
      if (d == -1 && open < 0) open = static_cast<int64_t>(i);
      if (d < -1 || d == 0 || d > (int64_t{1} << 28) || (d == -1 && open != static_cast<int64_t>(i))) {
        refuse(node.name(), fmt::format("it asks for the shape {}", join(*wanted)),
               "export the model with fixed shapes");
      }
      if (d > 0) known = std::min(known * d, int64_t{1} << 30);
      dims.push_back(d);
    }
    if (open >= 0) dims[static_cast<size_t>(open)] = element_count(node.name(), value.dims) / known;
  } else if (type == "Flatten") {
    const int64_t axis = node.integer("axis", 1);
    dims = flatten(value.dims, axis < 0 ? axis + rank : axis);
  } else if (type == "Squeeze" || type == "Unsqueeze") {
    auto axes = integers(node, 1, "axes");
    const bool adds = type == "Unsqueeze";
    if (adds && !axes) refuse(node.name(), "it names no axes", "use an intact file as written by onnx.save");
    const int64_t final_rank = rank + (adds ? static_cast<int64_t>(axes->size()) : 0);
    std::vector<bool> named(static_cast<size_t>(std::min<int64_t>(final_rank, 64)), false);
    if (axes) {
      for (int64_t axis : *axes) {
        axis += axis < 0 ? final_rank : 0;
        if (axis < 0 || axis >= static_cast<int64_t>(named.size()) || named[static_cast<size_t>(axis)])
          refuse(node.name(), "its axes are out of range", "use an intact file as written by onnx.save");
        named[static_cast<size_t>(axis)] = true;
      }
    }
    if (adds) {
      size_t next = 0;
      for (bool is_new : named) dims.push_back(is_new ? 1 : next < value.dims.size() ? value.dims[next++] : 1);
    } else {
      for (size_t i = 0; i < value.dims.size(); ++i) {
        const bool drops = axes ? named[i] : value.dims[i] == 1;
        if (drops && value.dims[i] != 1)
          refuse(node.name(), "it drops an axis of a size other than one",
                 "use an intact file as written by onnx.save");
        if (!drops) dims.push_back(value.dims[i]);
      }
    }
  }
  Value result = type == "Transpose" ? transposed(node, value) : reshaped(node, value, dims);
  const ValueId output = network_.add(std::move(result));
  network_.layers.push_back({node.name(), ReshapeLayer{id, output}});
  return output;
}

bool OnnxReader::read_move(const OnnxNode& node) {
  static const std::vector<std::string> kMoves = {"Reshape",   "Flatten",  "Squeeze", "Unsqueeze",
                                                  "Transpose", "Identity", "Dropout", "Pad"};
  if (std::ranges::find(kMoves, node.type()) == kMoves.end()) return false;
  const Meaning& meaning = meaning_of(node, 0);
  if (const auto* quantized = std::get_if<Quantized>(&meaning)) {
    const ValueId moved = apply_move(node, quantized->value);
    floats_.insert_or_assign(node.output(), Quantized{moved});
    return true;
  }
  if (const auto* pending = std::get_if<Pending>(&meaning)) {
    Pending moved = *pending;
    moved.moves.push_back(&node);
    floats_.insert_or_assign(node.output(), std::move(moved));
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
      const auto rows = static_cast<size_t>(tensor->dims[0]), columns = static_cast<size_t>(tensor->dims[1]);
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
