#include "compiler/frontend/onnx/notation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/bias.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

// Joins the names of absorbed nodes.
std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " + "));
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

float dequantized(int q, const Value& value) {
  return static_cast<float>(q - value.zero_point) * value.scale;
}

int8_t quantized(float real, float scale, int zero_point) {
  const float q = std::nearbyint(real / scale) + static_cast<float>(zero_point);
  return std::isnan(q) ? static_cast<int8_t>(zero_point)
                       : static_cast<int8_t>(std::clamp(q, -128.0f, 127.0f));
}

namespace {

// Scales of constants may be zero or denormal: such a channel is dead.
std::vector<float> scales_of(OnnxContext& c, const OnnxNode& node) {
  const OnnxTensor* scales = c.constant(node.input(1));
  if (!scales || !scales->is_float() || scales->floats.empty()) {
    refuse<kConstantScale>(node.name(), node.input(1));
  }
  for (float s : scales->floats) {
    if (!std::isfinite(s) || s < 0) refuse<kPositiveScale>(node.name(), s);
  }
  return scales->floats;
}

Scaling scaling_of(OnnxContext& c, const OnnxNode& node) {
  const std::vector<float> scales = scales_of(c, node);
  if (scales.size() != 1) {
    refuse<kOneScale>(node.name());
  }
  if (!std::isnormal(scales.front())) refuse<kNormalScale>(node.name(), scales.front());
  Scaling scaling{.scale = scales.front(), .zero_point = 0, .is_unsigned = true};
  int64_t zero_point = 0, type = node.integer("output_dtype", onnx::TensorProto::UINT8);
  if (!node.input(2).empty()) {
    const OnnxTensor* zero = c.constant(node.input(2));
    if (!zero) refuse<kConstantZeroPoint>(node.name());
    type = zero->type;
    if (zero->integers.size() == 1) zero_point = zero->integers.front();
  } else if (node.type() == "DequantizeLinear") {
    const auto bytes = c.bytes.find(node.input(0));
    if (bytes != c.bytes.end())
      type = c.network.value(bytes->second).is_unsigned ? onnx::TensorProto::UINT8
                                                        : onnx::TensorProto::INT8;
    const auto port = c.byte_inputs.find(node.input(0));
    if (port != c.byte_inputs.end()) type = port->second->type;
  }
  if (type != onnx::TensorProto::INT8 && type != onnx::TensorProto::UINT8) {
    const std::string name = onnx::TensorProto_DataType_Name(static_cast<int>(type));
    refuse<kByteActivations>(node.name(), name.empty() ? fmt::format("number {}", type) : name);
  }
  scaling.is_unsigned = type == onnx::TensorProto::UINT8;
  zero_point -= scaling.is_unsigned ? 128 : 0;
  if (zero_point < -128 || zero_point > 127) refuse<kZeroPointInRange>(node.name());
  scaling.zero_point = static_cast<int>(zero_point);
  return scaling;
}

}  // namespace

Function function_of(const OnnxContext& c, ValueId id) {
  Function function{.root = id, .values = {}, .names = {}, .moves = {}};
  for (int q = -128; q < 128; ++q)
    function.values[static_cast<size_t>(q + 128)] = dequantized(q, c.network.value(id));
  return function;
}

ValueId table_of(OnnxContext& c, const OnnxNode& node, const Function& function,
                 const Scaling& scaling) {
  if (c.network.value(function.root).view) {
    const View view = *c.network.value(function.root).view;
    if (is_rearrangement(c.network, view)) {  // the function of the bytes where they lie
      View result = view;
      Function below = function;
      below.root = view.root;
      result.root = table_of(c, node, below, scaling);
      const Value like = c.network.value(result.root);
      const OnnxContext::Parent parent = c.parents.at(result.root);
      const ValueId id = add_view(c.network, node.name(), like, node.input(0), result);
      c.parents[id] = {function.root, parent.table, parent.name};
      return id;
    }
    Function moved = function;
    moved.root = settled(c.network, node.name(), function.root);
    return table_of(c, node, moved, scaling);
  }
  TableLayer layer{.input = function.root, .output = -1, .table = {}};
  for (size_t i = 0; i < 256; ++i)
    layer.table[i] = quantized(function.values[i], scaling.scale, scaling.zero_point);
  Value value = c.network.value(function.root);
  value.name = node.input(0);
  value.scale = scaling.scale;
  value.zero_point = scaling.zero_point;
  value.is_unsigned = scaling.is_unsigned;
  layer.output = c.network.add(std::move(value));
  const std::string name = function.names.empty() ? node.name().name : joined(function.names);
  c.parents[layer.output] = {layer.input, layer.table, name};
  c.network.layers.push_back({{name, function.names.empty() ? node.type() : "Function"}, layer});
  return layer.output;
}

namespace {

ValueId moved(OnnxContext& c, const std::vector<Move>& moves, ValueId id) {
  for (const Move& move : moves) id = frontend::apply(c, move, id);
  return id;
}

bool is_on(const Value& value, const Scaling& scaling) {
  return value.scale == scaling.scale && value.zero_point == scaling.zero_point &&
         value.is_unsigned == scaling.is_unsigned;
}

// The function's result on this scale, its moves applied.
ValueId finish(OnnxContext& c, const OnnxNode& node, const Function& function,
               const Scaling& scaling) {
  const bool is_root = function.names.empty() && is_on(c.network.value(function.root), scaling);
  return moved(c, function.moves, is_root ? function.root : table_of(c, node, function, scaling));
}

}  // namespace

ValueId finish(OnnxContext& c, const OnnxNode& node, const Pending& pending,
               const Scaling& scaling) {
  const bool clamps_itself = pending.layer && std::visit(
                                                  [](const auto& l) {
                                                    return requires { l.clamp; };
                                                  },
                                                  pending.layer->kind);
  const bool is_clamped = pending.clamp.low > -kInfinity || pending.clamp.high < kInfinity;
  const auto apply = [&](ValueId id) {
    if (is_clamped && !clamps_itself) {
      Function clamped = function_of(c, id);
      for (float& value : clamped.values)
        value = std::fmin(std::fmax(value, pending.clamp.low), pending.clamp.high);
      clamped.names = {joined(pending.names)};
      id = table_of(c, node, clamped, scaling);
    }
    return moved(c, pending.moves, id);
  };
  const void* identity = pending.layer.get();
  Value value = pending.output;
  value.scale = scaling.scale;
  value.zero_point = scaling.zero_point;
  value.is_unsigned = scaling.is_unsigned;
  if (!identity) {  // a graph input: the host quantizes it once for each scale
    const std::string name = value.name;
    for (const Port& port : c.network.inputs) {
      if (port.name != name) continue;
      const Value& known = c.network.value(port.value);
      if (known.scale == value.scale && known.zero_point == value.zero_point)
        return apply(port.value);
      value.name = node.input(0) + " for " + node.name().name;
    }
    const ir::HostView view{.type = ir::HostView::Type::Float32,
                            .shape = value.dims,
                            .channels_first = value.order == kChannelsFirst};
    const ValueId id = c.network.add(std::move(value));
    c.network.inputs.push_back({id, view, name});
    return apply(id);
  }
  const auto key = std::tuple{pending.layer.get(), pending.clamp.low,  pending.clamp.high,
                              scaling.scale,       scaling.zero_point, scaling.is_unsigned};
  if (const auto known = c.finished.find(key); known != c.finished.end())
    return apply(known->second);
  if (pending.moves.empty())
    value.name = node.input(0);  // the tensor behind an absorbed activation
  Layer layer = *pending.layer;
  layer.node.name = joined(pending.names);
  if (auto* concat =
          std::get_if<ConcatLayer>(&layer.kind)) {  // each input on the scale of the result
    for (ValueId& input : concat->inputs) {
      const Value& part = c.network.value(input);
      if (part.scale != scaling.scale || part.zero_point != scaling.zero_point)
        input = table_of(c, node, function_of(c, input), scaling);
    }
  }
  std::optional<Layer> before;
  if (auto* conv = std::get_if<ConvLayer>(&layer.kind))
    before = settle_bias(c.network, layer.node, value, *conv);
  const ValueId id = c.network.add(std::move(value));
  std::visit(
      [&](auto& l) {
        l.output = id;
        if constexpr (requires { l.clamp; }) l.clamp = pending.clamp;
      },
      layer.kind);
  if (before) c.network.layers.push_back(std::move(*before));
  c.network.layers.push_back(std::move(layer));
  c.finished[key] = id;
  return apply(id);
}

bool read_on_bytes(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op,
                   void (*read)(OnnxContext&, const OnnxNode&, const OnnxOperator&)) {
  if (!c.bytes.contains(node.input(0))) return false;
  const Value like = c.network.value(c.bytes.at(node.input(0)));
  for (size_t i = 0; i < node.inputs(); ++i) {
    const auto bytes = c.bytes.find(node.input(i));
    if (bytes == c.bytes.end()) refuse<kQuantizedInput>(node.name(), node.input(i));
    c.floats.insert_or_assign(node.input(i), Quantized{bytes->second});
  }
  read(c, node, op);
  const Pending pending = std::get<Pending>(c.floats.at(node.output()));
  for (size_t i = 0; i < node.inputs(); ++i) c.floats.erase(node.input(i));
  c.floats.erase(node.output());
  const ValueId result = finish(c, node, pending, {like.scale, like.zero_point, like.is_unsigned});
  c.network.value(result).name = node.output();
  c.bytes[node.output()] = result;
  return true;
}

bool clip_bytes(OnnxContext& c, const OnnxNode& node) {
  const std::string source = node.input(0);
  const auto folded = c.quantized.find(source);
  const OnnxTensor* constant =
      folded != c.quantized.end() ? folded->second.get() : c.constant(source);
  const auto bytes = c.bytes.find(source);
  if (bytes == c.bytes.end() && (!constant || !constant->is_byte())) return false;
  const auto bound = [&](size_t i, int64_t otherwise) {
    if (node.type() == "Relu") return i == 1 ? int64_t{0} : otherwise;
    if (node.input(i).empty()) return otherwise;
    const OnnxTensor* value = c.constant(node.input(i));
    if (!value || value->integers.size() != 1) refuse<kConstantBound>(node.name(), node.input(i));
    return value->integers.front();
  };
  const int64_t low = bound(1, -128), high = bound(2, 255);
  const auto clipped = [&](int64_t q) { return std::min(std::max(q, low), high); };
  if (bytes == c.bytes.end()) {
    auto result = std::make_shared<OnnxTensor>(*constant);
    for (int64_t& q : result->integers) q = clipped(q);
    c.quantized[node.output()] = std::move(result);
    return true;
  }
  const ValueId id = settled(c.network, node.name(), bytes->second);
  Value value = c.network.value(id);
  value.name = node.output();
  const int label = value.is_unsigned ? 128 : 0;
  TableLayer layer{.input = id, .output = -1, .table = {}};
  for (int q = -128; q < 128; ++q)
    layer.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(clipped(q + label) - label);
  layer.output = c.network.add(std::move(value));
  c.parents[layer.output] = {layer.input, layer.table, node.name().name};
  c.network.layers.push_back({node.name(), layer});
  c.bytes[node.output()] = layer.output;
  return true;
}

namespace {

OnnxTensor dequantized(const QuantizedConstant& constant) {
  OnnxTensor result{.type = onnx::TensorProto::FLOAT,
                    .dims = constant.tensor->dims,
                    .integers = {},
                    .floats = {}};
  size_t inner = 1;
  for (auto i = static_cast<size_t>(constant.axis) + 1; i < result.dims.size(); ++i)
    inner *= static_cast<size_t>(result.dims[i]);
  for (size_t i = 0; i < constant.tensor->integers.size(); ++i) {
    const size_t channel = i / inner % constant.scales.size();
    result.floats.push_back(
        static_cast<float>(constant.tensor->integers[i] - constant.zero_points[channel]) *
        constant.scales[channel]);
  }
  return result;
}

void quantize_constant(OnnxContext& c, const OnnxNode& node, const OnnxTensor& tensor) {
  const std::vector<float> scales = scales_of(c, node);
  const OnnxTensor* zeros = node.input(2).empty() ? nullptr : c.constant(node.input(2));
  auto result = std::make_shared<OnnxTensor>();
  result->type = zeros ? zeros->type : static_cast<int>(onnx::TensorProto::UINT8);
  result->dims = tensor.dims;
  if (!result->is_byte()) refuse<kByteConstant>(node.name());
  const auto rank = static_cast<int64_t>(tensor.dims.size());
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  size_t inner = 1;
  if (scales.size() > 1) {
    if (axis < 0 || axis >= rank ||
        static_cast<size_t>(tensor.dims[static_cast<size_t>(axis)]) != scales.size() ||
        (zeros && zeros->integers.size() != scales.size())) {
      refuse<kScalesFit>(node.name());
    }
    for (auto i = static_cast<size_t>(axis) + 1; i < tensor.dims.size(); ++i)
      inner *= static_cast<size_t>(tensor.dims[i]);
  }
  const float low = result->type == onnx::TensorProto::INT8 ? -128.0f : 0.0f;
  for (size_t i = 0; i < tensor.floats.size(); ++i) {
    const size_t channel = scales.size() > 1 ? i / inner % scales.size() : 0;
    const auto zero = static_cast<float>(
        zeros && channel < zeros->integers.size() ? zeros->integers[channel] : 0);
    const float q = std::nearbyint(tensor.floats[i] / scales[channel]) + zero;
    result->integers.push_back(
        static_cast<int64_t>(std::clamp(std::isnan(q) ? zero : q, low, low + 255.0f)));
  }
  c.quantized[node.output()] = std::move(result);
}

}  // namespace

ValueId byte_input(OnnxContext& c, const std::string& input, const Scaling& scaling) {
  Value value;
  value.name = input;
  value.dims = c.byte_inputs.at(input)->dims;
  value.order = value.dims.size() == 4 && !c.wants_channels_last(input)
                    ? kChannelsFirst
                    : plain_order(value.dims.size());
  value.scale = scaling.scale;
  value.zero_point = scaling.zero_point;
  value.is_unsigned = scaling.is_unsigned;
  const auto type = scaling.is_unsigned ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
  const ir::HostView view{
      .type = type, .shape = value.dims, .channels_first = value.order == kChannelsFirst};
  c.bytes[input] = c.network.add(std::move(value));
  c.network.inputs.push_back({c.bytes[input], view});
  return c.bytes[input];
}

namespace {

void read_quantize(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  const Meaning& meaning = c.meaning_of(node, 0);
  if (const auto* tensor = std::get_if<FloatConstant>(&meaning))
    return quantize_constant(c, node, *tensor->tensor);
  if (const auto* tensor = std::get_if<QuantizedConstant>(&meaning))
    return quantize_constant(c, node, dequantized(*tensor));
  const Scaling scaling = scaling_of(c, node);
  ValueId result = -1;
  if (const auto* pending = std::get_if<Pending>(&meaning)) {
    result = finish(c, node, *pending, scaling);
  } else if (const auto* function = std::get_if<Function>(&meaning)) {
    result = finish(c, node, *function, scaling);
  } else {
    result = finish(c, node, function_of(c, std::get<Quantized>(meaning).value), scaling);
  }
  c.bytes[node.output()] = result;
}

void read_dequantize(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  const std::string source = node.input(0);
  std::shared_ptr<const OnnxTensor> tensor;
  if (const auto folded = c.quantized.find(source); folded != c.quantized.end())
    tensor = folded->second;
  if (const OnnxTensor* initializer = c.constant(source))
    tensor = std::shared_ptr<const OnnxTensor>(std::shared_ptr<void>(), initializer);
  if (tensor) {
    QuantizedConstant result{.name = source,
                             .tensor = tensor,
                             .scales = scales_of(c, node),
                             .zero_points = {},
                             .axis = 0};
    const auto rank = static_cast<int64_t>(tensor->dims.size());
    const int64_t axis = node.integer("axis", 1);
    result.axis = static_cast<int>(
        std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, std::max<int64_t>(rank - 1, 0)));
    result.zero_points.assign(result.scales.size(), 0);
    if (!node.input(2).empty()) {
      const OnnxTensor* zeros = c.constant(node.input(2));
      if (!zeros || zeros->integers.size() != result.scales.size()) {
        refuse<kZeroPointsFit>(node.name());
      }
      result.zero_points = zeros->integers;
    }
    if (tensor->is_float() || tensor->integers.empty() || node.integer("block_size", 0) != 0) {
      refuse<kIntegerConstant>(node.name(), source);
    }
    if (result.scales.size() > 1 &&
        (rank == 0 || static_cast<size_t>(tensor->dims[static_cast<size_t>(result.axis)]) !=
                          result.scales.size())) {
      refuse<kScalesFit>(node.name());
    }
    c.floats.insert_or_assign(node.output(), std::move(result));
    return;
  }
  const Scaling scaling = scaling_of(c, node);
  if (const auto port = c.byte_inputs.find(source);
      port != c.byte_inputs.end() && !c.bytes.contains(source)) {
    byte_input(c, source, scaling);
  }
  const auto known = c.bytes.find(source);
  if (known == c.bytes.end()) {
    refuse<kQuantizedSource>(node.name(), source);
  }
  const Value value = c.network.value(known->second);
  ValueId id = known->second;
  if (value.scale != scaling.scale || value.zero_point != scaling.zero_point) {
    Value read_anew = value;  // the same bytes, read on another scale
    read_anew.scale = scaling.scale;
    read_anew.zero_point = scaling.zero_point;
    read_anew.name = node.output();
    const ValueId copy = c.network.add(std::move(read_anew));
    if (!value.view) c.network.layers.push_back({node.name(), ReshapeLayer{id, copy}});
    id = copy;
  }
  c.floats.insert_or_assign(node.output(), Quantized{id});
}

constexpr OnnxOperator kRows[] = {
    {"QuantizeLinear", read_quantize, "the end of a layer", kQuantizeRules, nullptr, true},
    {"DequantizeLinear", read_dequantize, "nothing", kDequantizeRules, nullptr, true},
};

}  // namespace

std::span<const OnnxOperator> onnx_notation_operators() { return kRows; }

}  // namespace zahl::frontend
