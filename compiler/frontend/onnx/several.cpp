// Extremes, sums and means of several tensors, and PRelu, which is the sum of two.
#include "compiler/frontend/network/several.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/eltwise.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/weights.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

// The operands repeated to the same dimensions, in the same memory order.
std::vector<ValueId> operands_of(OnnxContext& c, const OnnxNode& node) {
  std::vector<ValueId> ids;
  std::vector<int64_t> dims;
  for (size_t i = 0; i < node.inputs(); ++i) {
    ids.push_back(c.value_of(node, i));
    const std::vector<int64_t> own = c.network.value(ids.back()).dims;
    const auto both = i == 0 ? own : common_dims(dims, own);
    if (!both) refuse<kShapesFit>(node.name(), join(dims), join(own));
    dims = *both;
  }
  std::vector<int> order = plain_order(dims.size());
  for (ValueId id : ids) {  // an operand that is not repeated decides
    if (c.network.value(id).dims != dims) continue;
    order = natural_order(c.network.value(id));
    break;
  }
  for (ValueId& id : ids) {
    if (c.network.value(id).dims != dims) {
      const Value like = c.network.value(id);
      id = add_view(c.network, node.name(), like, like.name,
                    *broadcast(view_of(c.network, id), dims));
    }
    id = in_memory_order(c.network, node.name(), id, order);
  }
  return ids;
}

// Each operand on the scale of the result, as in a concatenation; then the window (apply_extreme).
void read_extreme(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  ConcatLayer layer{.inputs = {}, .output = -1, .axis = 2};
  const std::vector<ValueId> ids = operands_of(c, node);
  for (ValueId id : ids) {
    Value place = c.network.value(id);
    place.dims = place_dims(place);
    place.order = plain_order(4);
    layer.inputs.push_back(c.network.add(std::move(place)));
    c.network.layers.push_back({node.name(), ReshapeLayer{id, layer.inputs.back()}});
  }
  std::vector<int64_t> dims = c.network.value(layer.inputs.front()).dims;
  dims[2] = static_cast<int64_t>(ids.size());
  c.set_pending(node, std::move(layer), std::move(dims), plain_order(4));
  std::get<Pending>(c.floats.at(node.output())).moves.push_back({&node, &op});
}

ValueId apply_extreme(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const ValueId result =
      extreme_of(c.network, node.name(), id, node.inputs(), node.type() == "Min");
  return put_back(c.network, node.name(), result, c.network.value(operands_of(c, node).front()));
}

template <auto kFunction>
void of_several(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (node.inputs() == 1 || (node.inputs() == 2 && read_binary(c, node, kFunction))) {
    if (node.inputs() == 1)
      c.floats.insert_or_assign(node.output(), Meaning(c.meaning_of(node, 0)));
    return;
  }
  if (c.bytes.contains(node.input(0))) refuse<kQuantizedInput>(node.name(), node.input(0));
  read_extreme(c, node, op);
}

// The sum of several: each operand as the 16 bits 255 * high + low of a common scale, two tables;
// the filter adds them up with one rounding.
void read_sum(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (node.inputs() == 1) {
    c.floats.insert_or_assign(node.output(), Meaning(c.meaning_of(node, 0)));
    return;
  }
  if (node.inputs() == 2 && node.type() == "Sum") return read_eltwise(c, node, op);
  constexpr int kRadix = 255, kLargest = kRadix * 127 + 127;
  const std::vector<ValueId> ids = operands_of(c, node);
  const Value like = c.network.value(ids.front());
  double largest = 0;
  for (ValueId id : ids) {
    const Value& x = c.network.value(id);
    largest = std::max(
        largest, static_cast<double>(x.scale) * std::max(127 - x.zero_point, 128 + x.zero_point));
  }
  const auto unit = static_cast<float>(largest / kLargest * (1 + 1e-6));
  std::vector<ValueId> parts;
  for (ValueId id : ids) {
    const Value x = c.network.value(id);
    TableLayer high{.input = id, .output = -1, .table = {}}, low = high;
    for (int q = -128; q < 128; ++q) {
      const double units =
          static_cast<double>(x.scale) * (q - x.zero_point) / static_cast<double>(unit);
      const double whole = std::nearbyint(units), upper = std::nearbyint(whole / kRadix);
      high.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(upper);
      low.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(whole - kRadix * upper);
    }
    for (TableLayer* table : {&high, &low}) {
      Value part = x;
      part.name += table == &high ? " (high)" : " (low)";
      part.scale = unit;
      part.zero_point = 0;
      table->output = c.network.add(std::move(part));
      parts.push_back(table->output);
      c.network.layers.push_back({node.name(), *table});
    }
  }
  ConvLayer layer{.input = beside_each_other(c.network, node.name(), parts)};
  set_place_window(layer, parts.size());
  const int channels = memory_shape(c.network.value(layer.input)).c;
  layer.groups = layer.out_channels = channels;
  layer.weight_zero = -128;
  for (int channel = 0; channel < channels; ++channel) {
    for (size_t i = 0; i < ids.size(); ++i) {
      layer.weights.push_back(static_cast<int8_t>(kRadix - 128));
      layer.weights.push_back(static_cast<int8_t>(1 - 128));
    }
  }
  layer.weight_scales = {node.type() == "Mean" ? 1.0f / static_cast<float>(ids.size()) : 1.0f};
  c.set_pending(node, std::move(layer), place_dims(like), plain_order(4));
  std::get<Pending>(c.floats.at(node.output())).moves.push_back({&node, &op});
}

ValueId apply_sum(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  return put_back(c.network, node.name(), id, c.network.value(operands_of(c, node).front()));
}

// PRelu with a slope for each index of one axis: what is below zero is a filter of one tap, and
// what is above it a table; one of both is zero.
struct Slopes {
  size_t axis = 0;  // of the input
  std::vector<int8_t> weights{};
  std::vector<float> scales{};
  int zero = 0;
};

Slopes slopes_of(OnnxContext& c, const OnnxNode& node, const std::vector<int64_t>& dims) {
  const Meaning& meaning = c.meaning_of(node, 1);
  const auto* real = std::get_if<FloatConstant>(&meaning);
  const auto* quantized = std::get_if<QuantizedConstant>(&meaning);
  if (!real && !quantized) refuse<kConstantSlopes>(node.name(), node.input(1));
  const std::vector<int64_t>& own = real ? real->tensor->dims : quantized->tensor->dims;
  Slopes slopes;
  int64_t count = 1;
  for (size_t i = 0; i < own.size() && own.size() <= dims.size(); ++i) {
    if (own[i] == 1) continue;
    slopes.axis = dims.size() - own.size() + i;
    if (count != 1 || own[i] != dims[slopes.axis])
      refuse<kSlopesOfOneAxis>(node.name(), join(own), join(dims));
    count = own[i];
  }
  if (own.size() > dims.size() || count == 1)
    refuse<kSlopesOfOneAxis>(node.name(), join(own), join(dims));
  if (real) {
    for (float slope : real->tensor->floats) {
      slopes.weights.push_back(slope == 0 ? int8_t{0} : slope < 0 ? int8_t{-1} : int8_t{1});
      slopes.scales.push_back(slope == 0 ? 1.0f : std::fabs(slope));
    }
    return slopes;
  }
  ConvLayer layer;
  auto parts = read_weights(node, *quantized,
                            static_cast<int>(slopes.axis - (dims.size() - own.size())), layer);
  if (parts.size() != 1) refuse<kOneZeroOfWeights>(node.name(), quantized->name);
  slopes.weights = std::move(parts.front());
  slopes.scales = std::move(layer.weight_scales);
  slopes.zero = layer.weight_zero;
  return slopes;
}

void read_slopes(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  ValueId id = c.value_of(node, 0);
  const Slopes slopes = slopes_of(c, node, c.network.value(id).dims);
  std::vector<int> order = natural_order(c.network.value(id));
  std::erase(order, static_cast<int>(slopes.axis));
  order.push_back(static_cast<int>(slopes.axis));
  id = in_memory_order(c.network, node.name(), id, order);
  const Value x = c.network.value(id);
  TableLayer below{.input = id, .output = -1, .table = {}};
  for (int q = -128; q < 128; ++q)
    below.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(std::min(q, x.zero_point));
  below.output = c.network.add(x);
  c.network.value(below.output).name += " (below zero)";
  c.network.layers.push_back({node.name(), below});
  ConvLayer layer{.input = below.output};
  layer.groups = layer.out_channels = static_cast<int>(slopes.weights.size());
  layer.weights = slopes.weights;
  layer.weight_zero = slopes.zero;
  layer.weight_scales = slopes.scales;
  c.set_pending(node, std::move(layer), x.dims, order);
  std::get<Pending>(c.floats.at(node.output())).moves.push_back({&node, &op});
}

ValueId apply_slopes(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const Value y = c.network.value(id);
  c.network.value(id).name += " (below zero)";
  const ValueId x = in_memory_order(c.network, node.name(), c.value_of(node, 0), y.order);
  Function above = function_of(c, x);
  for (float& v : above.values) v = std::fmax(v, 0.0f);
  const ValueId positive = table_of(c, node, above, {y.scale, y.zero_point, y.is_unsigned});
  c.network.value(positive).name += " (above zero)";
  EltwiseLayer sum{.a = positive, .b = id};
  sum.output = c.network.add(y);
  c.network.layers.push_back({node.name(), sum});
  return sum.output;
}

void read_prelu(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (!read_binary(c, node, [](float a, float b) { return a >= 0 ? a : a * b; }))
    read_slopes(c, node, op);
}

constexpr std::string_view kExtreme = "a maximum pool over the operands; with a number a table";
constexpr std::string_view kSum = "a filter over the operands, 16 bits each";

constexpr OnnxOperator kRows[] = {
    {"Min", of_several<[](float a, float b) { return std::fmin(a, b); }>, kExtreme, kSeveralRules,
     apply_extreme},
    {"Max", of_several<[](float a, float b) { return std::fmax(a, b); }>, kExtreme, kSeveralRules,
     apply_extreme},
    {"Sum", read_sum, kSum, kSumRules, apply_sum},
    {"Mean", read_sum, kSum, kSumRules, apply_sum},
    {"PRelu", read_prelu, "a filter of one tap and a table, added; with one slope a table",
     kSlopesRules, apply_slopes, false, true},
};

}  // namespace

std::span<const OnnxOperator> onnx_several_operators() { return kRows; }

}  // namespace zahl::frontend
