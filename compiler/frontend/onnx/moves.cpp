#include "compiler/frontend/onnx/moves.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

// The shape that a Reshape, Flatten, Squeeze or Unsqueeze gives.
std::vector<int64_t> flatten(const std::vector<int64_t>& dims, int64_t axis) {
  std::vector<int64_t> result{1, 1};
  for (size_t i = 0; i < dims.size(); ++i)
    result[static_cast<int64_t>(i) < axis ? 0 : 1] *= dims[i];
  return result;
}

// The dimensions that a node which only changes them asks for.
std::vector<int64_t> wanted_dims(OnnxContext& c, const OnnxNode& node,
                                 const std::vector<int64_t>& from) {
  const std::string& type = node.type();
  const auto rank = static_cast<int64_t>(from.size());
  std::vector<int64_t> dims;
  if (type == "Reshape") {
    const auto wanted = c.integers(node, 1, "shape");
    if (!wanted) refuse<kConstantShape>(node.name());
    int64_t known = 1, open = -1;
    for (size_t i = 0; i < wanted->size(); ++i) {
      int64_t d = (*wanted)[i];
      if (d == 0 && node.integer("allowzero", 0) == 0 && static_cast<int64_t>(i) < rank)
        d = from[i];
      if (d == -1 && open < 0) open = static_cast<int64_t>(i);
      if (d < -1 || d == 0 || d > (int64_t{1} << 28) ||
          (d == -1 && open != static_cast<int64_t>(i))) {
        refuse<kFixedShape>(node.name(), join(*wanted));
      }
      if (d > 0) known = std::min(known * d, int64_t{1} << 30);
      dims.push_back(d);
    }
    if (open >= 0) dims[static_cast<size_t>(open)] = element_count(node.name(), from) / known;
  } else if (type == "Flatten") {
    const int64_t axis = node.integer("axis", 1);
    dims = flatten(from, axis < 0 ? axis + rank : axis);
  } else {
    auto axes = c.integers(node, 1, "axes");
    const bool adds = type == "Unsqueeze";
    if (adds && !axes) refuse<kNamesAxes>(node.name());
    const int64_t final_rank = rank + (adds ? static_cast<int64_t>(axes->size()) : 0);
    std::vector<bool> named(static_cast<size_t>(std::min<int64_t>(final_rank, 64)), false);
    if (axes) {
      for (int64_t axis : *axes) {
        axis += axis < 0 ? final_rank : 0;
        if (axis < 0 || axis >= static_cast<int64_t>(named.size()) ||
            named[static_cast<size_t>(axis)])
          refuse<kAxesExist>(node.name());
        named[static_cast<size_t>(axis)] = true;
      }
    }
    if (adds) {
      size_t next = 0;
      for (bool is_new : named) dims.push_back(is_new ? 1 : next < from.size() ? from[next++] : 1);
    } else {
      for (size_t i = 0; i < from.size(); ++i) {
        const bool drops = axes ? named[i] : from[i] == 1;
        if (drops && from[i] != 1) refuse<kDropsOnes>(node.name());
        if (!drops) dims.push_back(from[i]);
      }
    }
  }
  if (element_count(node.name(), dims) != element_count(node.name(), from)) {
    refuse<kSameElements>(node.name(), join(dims), join(from));
  }
  return dims;
}

}  // namespace

size_t axis_of(const OnnxNode& node, int64_t axis, size_t rank) {
  const int64_t counted = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
  if (counted < 0 || counted >= static_cast<int64_t>(rank)) {
    refuse<kAxisExists>(node.name(), axis, rank);
  }
  return static_cast<size_t>(counted);
}

ValueId reshape(OnnxContext& c, const OnnxNode& node, ValueId id,
                const std::vector<int64_t>& dims) {
  auto view = reshaped(view_of(c.network, id), dims);
  if (!view) {  // the bytes must come into order first
    id = in_memory_order(c.network, node.name(), id, plain_order(c.network.value(id).dims.size()));
    view = reshaped(view_of(c.network, id), dims);
  }
  const Value like = c.network.value(id);
  return add_view(c.network, node.name(), like, node.output(), *view);
}

ValueId transpose(OnnxContext& c, const OnnxNode& node, ValueId id,
                  std::vector<int64_t> permutation) {
  const Value value = c.network.value(id);
  if (permutation.empty()) {
    for (size_t i = value.dims.size(); i-- > 0;) permutation.push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != value.dims.size() || sorted[i] != static_cast<int64_t>(i)) {
      refuse<kPermutation>(node.name(), join(permutation));
    }
  }
  return add_view(c.network, node.name(), value, node.output(),
                  transposed(view_of(c.network, id), permutation));
}

ValueId slice(OnnxContext& c, const OnnxNode& node, ValueId id, const std::vector<Span>& spans,
              const std::string& name) {
  for (const Span& span : spans) {
    auto view = sliced(view_of(c.network, id), span.axis, span.begin, span.count, span.step);
    if (!view) {
      id =
          in_memory_order(c.network, node.name(), id, plain_order(c.network.value(id).dims.size()));
      view = sliced(view_of(c.network, id), span.axis, span.begin, span.count, span.step);
    }
    const Value like = c.network.value(id);
    id = add_view(c.network, node.name(), like, name, *view);
  }
  return id;
}

void read_move(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  read_filled_move(c, node, op, 0);
}

void read_filled_move(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op, float filling) {
  // Outputs that are the input rearranged: all of a Split, the first of a Dropout.
  const size_t outputs = node.type() == "Split" ? node.outputs() : 1;
  if (const auto bytes = c.bytes.find(node.input(0)); bytes != c.bytes.end()) {
    const ValueId source = bytes->second;
    for (size_t i = 0; i < outputs; ++i)
      c.bytes[node.output(i)] = frontend::apply(c, {&node, &op, i, filling}, source);
    return;
  }
  const Meaning meaning = c.meaning_of(node, 0);
  if (const auto* quantized = std::get_if<Quantized>(&meaning)) {
    for (size_t i = 0; i < outputs; ++i) {
      const ValueId moved = frontend::apply(c, {&node, &op, i, filling}, quantized->value);
      c.floats.insert_or_assign(node.output(i), Quantized{moved});
    }
    return;
  }
  const auto append = [&](const auto& still) {
    for (size_t i = 0; i < outputs; ++i) {
      auto moved = still;
      moved.moves.push_back({&node, &op, i, filling});
      c.floats.insert_or_assign(node.output(i), std::move(moved));
    }
  };
  if (const auto* pending = std::get_if<Pending>(&meaning)) return append(*pending);
  if (const auto* function = std::get_if<Function>(&meaning)) return append(*function);
  refuse<kQuantizedInput>(node.name(), node.input(0));
}

namespace {

// The input's constant, if it is one that was quantized.
const QuantizedConstant* quantized_constant(const OnnxContext& c, const OnnxNode& node) {
  if (c.bytes.contains(node.input(0))) return nullptr;
  return std::get_if<QuantizedConstant>(&c.meaning_of(node, 0));
}

void read_identity(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const auto* constant = quantized_constant(c, node);
  if (!constant || node.type() != "Identity") return read_move(c, node, op);
  const QuantizedConstant same = *constant;
  c.floats.insert_or_assign(node.output(), same);
}

// Of weights too.
void read_transpose(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const auto* weights = quantized_constant(c, node);
  if (!weights || weights->tensor->dims.size() != 2 ||
      node.integers("perm", {1, 0}) != std::vector<int64_t>{1, 0})
    return read_move(c, node, op);
  QuantizedConstant result = *weights;
  auto tensor = std::make_shared<OnnxTensor>(*weights->tensor);
  const auto rows = static_cast<size_t>(tensor->dims[0]),
             columns = static_cast<size_t>(tensor->dims[1]);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t k = 0; k < columns; ++k)
      tensor->integers[k * rows + r] = weights->tensor->integers[r * columns + k];
  }
  std::swap(tensor->dims[0], tensor->dims[1]);
  result.tensor = std::move(tensor);
  result.axis = 1 - result.axis;
  c.floats.insert_or_assign(node.output(), std::move(result));
}

ValueId same(OnnxContext&, const Move&, ValueId id) { return id; }

ValueId apply_reshape(OnnxContext& c, const Move& move, ValueId id) {
  return reshape(c, *move.node, id, wanted_dims(c, *move.node, c.network.value(id).dims));
}

ValueId apply_transpose(OnnxContext& c, const Move& move, ValueId id) {
  return transpose(c, *move.node, id, move.node->integers("perm", {}));
}

constexpr OnnxOperator kRows[] = {
    {"Identity", read_identity, "nothing", kOperandRules, same},
    {"Dropout", read_identity, "nothing", kOperandRules, same},
    {"Reshape", read_move, kView, kReshapeRules, apply_reshape},
    {"Flatten", read_move, kView, kFlattenRules, apply_reshape},
    {"Squeeze", read_move, kView, kSqueezeRules, apply_reshape},
    {"Unsqueeze", read_move, kView, kUnsqueezeRules, apply_reshape},
    {"Transpose", read_transpose, kView, kTransposeRules, apply_transpose},
};

}  // namespace

std::span<const OnnxOperator> onnx_move_operators() { return kRows; }

}  // namespace zahl::frontend
