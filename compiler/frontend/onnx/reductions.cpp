// Means, sums and extremes over axes.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/reduction.h"
#include "compiler/frontend/network/several.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/windows.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

// Which of the dimensions a node reduces: all where it names none.
std::vector<bool> reduced_axes(const OnnxContext& c, const OnnxNode& node,
                               const std::vector<int64_t>& dims) {
  const auto axes = c.integers(node, 1, "axes").value_or(std::vector<int64_t>{});
  const bool is_nothing = axes.empty() && node.integer("noop_with_empty_axes", 0) != 0;
  std::vector<bool> is_reduced(dims.size(), axes.empty() && !is_nothing);
  const auto rank = static_cast<int64_t>(dims.size());
  for (int64_t axis : axes) {
    if (axis < -rank || axis >= rank) refuse<kReducedAxes>(node.name(), join(axes), join(dims));
    is_reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  }
  return is_reduced;
}

ValueId apply_reduction(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const Value source = c.network.value(c.value_of(node, 0));
  const Reduction reduction = reduction_of(node.name(), source, reduced_axes(c, node, source.dims));
  const Value like = c.network.value(id);
  return add_view(c.network, node.name(), like, node.output(),
                  reduced_view(c.network, id, source, reduction, node.integer("keepdims", 1) != 0));
}

// The axes behind batch and channels, and these alone.
bool is_whole_map(const std::vector<bool>& is_reduced) {
  std::vector<bool> wanted(is_reduced.size(), true);
  for (size_t i = 0; i < std::min<size_t>(2, wanted.size()); ++i) wanted[i] = false;
  return (wanted.size() == 3 || wanted.size() == 4) && is_reduced == wanted;
}

void read_layer(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const ValueId id = c.value_of(node, 0);
  const Value source = c.network.value(id);
  const std::vector<bool> is_reduced = reduced_axes(c, node, source.dims);
  const bool keeps = node.integer("keepdims", 1) != 0;
  if (node.type() == "ReduceMean" && is_whole_map(is_reduced) && (keeps || source.dims[0] == 1))
    return set_global_pool(c, node, keeps);
  const Reduction reduction = reduction_of(node.name(), source, is_reduced);
  PoolLayer layer;
  layer.kind = node.type() == "ReduceMax"   ? PoolLayer::Kind::Maximum
               : node.type() == "ReduceSum" ? PoolLayer::Kind::Sum
                                            : PoolLayer::Kind::Average;
  layer.input = reduced_map(c.network, node.name(), id, reduction, layer);
  c.set_pending(node, layer, window_dims(reduction), plain_order(4));
  std::get<Pending>(c.floats.at(node.output())).moves.push_back({&node, &op});
}

// The maximum of each window, of bytes whose order is turned around for a minimum.
ValueId extreme(OnnxContext& c, const OnnxNode& node, ValueId id) {
  const Value source = c.network.value(id);
  const Reduction reduction = reduction_of(node.name(), source, reduced_axes(c, node, source.dims));
  PoolLayer layer;
  layer.kind = PoolLayer::Kind::Maximum;
  layer.input = reduced_map(c.network, node.name(), id, reduction, layer);
  if (node.type() == "ReduceMin") layer.input = turned(c.network, node.name(), layer.input);
  Value output = c.network.value(layer.input);
  output.name = node.output();
  output.dims = window_dims(reduction);
  layer.output = c.network.add(output);
  c.network.layers.push_back({node.name(), layer});
  return add_view(
      c.network, node.name(), output, node.output(),
      reduced_view(c.network, layer.output, source, reduction, node.integer("keepdims", 1) != 0));
}

void read_maximum(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const auto bytes = c.bytes.find(node.input(0));
  if (bytes == c.bytes.end()) return read_layer(c, node, op);
  c.bytes[node.output()] = extreme(c, node, bytes->second);
}

void read_minimum(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  if (const auto bytes = c.bytes.find(node.input(0)); bytes != c.bytes.end()) {
    c.bytes[node.output()] = turned(
        c.network, node.name(), settled(c.network, node.name(), extreme(c, node, bytes->second)));
    return;
  }
  const Value source = c.network.value(c.value_of(node, 0));
  Function function{.root = extreme(c, node, c.value_of(node, 0)), .values = {}, .names = {}};
  for (int q = -128; q < 128; ++q)
    function.values[static_cast<size_t>(q + 128)] =
        static_cast<float>(-1 - q - source.zero_point) * source.scale;
  function.names.push_back(node.name().name);
  c.floats.insert_or_assign(node.output(), std::move(function));
}

constexpr OnnxOperator kRows[] = {
    {"ReduceMean", read_layer, "an average pool", kReductionRules, apply_reduction},
    {"ReduceSum", read_layer, "an average pool", kReductionRules, apply_reduction},
    {"ReduceMax", read_maximum, "a maximum pool", kReductionRules, apply_reduction},
    {"ReduceMin", read_minimum, "a maximum pool between two tables", kReductionRules},
};

}  // namespace

std::span<const OnnxOperator> onnx_reduction_operators() { return kRows; }

}  // namespace zahl::frontend
