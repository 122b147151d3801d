// QuantizeLinear and DequantizeLinear: the notation that is taken away.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/reader.h"

namespace zahl::frontend {
namespace {

float dequantized(int q, const Value& value) {
  return static_cast<float>(q - value.zero_point) * value.scale;
}

int8_t quantized(float real, float scale, int zero_point) {
  const float q = std::nearbyint(real / scale) + static_cast<float>(zero_point);
  return std::isnan(q) ? static_cast<int8_t>(zero_point)
                       : static_cast<int8_t>(std::clamp(q, -128.0f, 127.0f));
}

}  // namespace

std::vector<float> OnnxReader::scales_of(const OnnxNode& node) const {
  const OnnxTensor* scales = constant(node.input(1));
  if (!scales || !scales->is_float() || scales->floats.empty()) {
    refuse(node.name(), fmt::format("its scale '{}' is not a float constant", node.input(1)),
           kQuantizeOnnx);
  }
  for (float s : scales->floats) {
    if (!std::isnormal(s) || s < 0)
      refuse(node.name(), fmt::format("its scale is {}", s), "quantize with positive scales");
  }
  return scales->floats;
}

OnnxReader::Scaling OnnxReader::scaling_of(const OnnxNode& node) const {
  const std::vector<float> scales = scales_of(node);
  if (scales.size() != 1) {
    refuse(node.name(), "activations have a scale for each channel",
           "quantize activations per tensor and only weights per channel");
  }
  Scaling scaling{.scale = scales.front(), .zero_point = 0, .is_unsigned = true};
  int64_t zero_point = 0, type = node.integer("output_dtype", onnx::TensorProto::UINT8);
  if (!node.input(2).empty()) {
    const OnnxTensor* zero = constant(node.input(2));
    if (!zero) refuse(node.name(), "its zero point is not a constant", kQuantizeOnnx);
    type = zero->type;
    if (zero->integers.size() == 1) zero_point = zero->integers.front();
  } else if (node.type() == "DequantizeLinear") {
    const auto bytes = bytes_.find(node.input(0));
    if (bytes != bytes_.end())
      type = network_.value(bytes->second).is_unsigned ? onnx::TensorProto::UINT8
                                                       : onnx::TensorProto::INT8;
    const auto port = byte_inputs_.find(node.input(0));
    if (port != byte_inputs_.end()) type = port->second->type;
  }
  if (type != onnx::TensorProto::INT8 && type != onnx::TensorProto::UINT8) {
    const std::string name = onnx::TensorProto_DataType_Name(static_cast<int>(type));
    refuse(node.name(),
           fmt::format("activations of the type {} are not supported",
                       name.empty() ? fmt::format("number {}", type) : name),
           kQuantizeOnnx);
  }
  scaling.is_unsigned = type == onnx::TensorProto::UINT8;
  zero_point -= scaling.is_unsigned ? 128 : 0;
  if (zero_point < -128 || zero_point > 127)
    refuse(node.name(), "its zero point is out of range", kQuantizeOnnx);
  scaling.zero_point = static_cast<int>(zero_point);
  return scaling;
}

void OnnxReader::read_quantize(const OnnxNode& node) {
  const Meaning& meaning = meaning_of(node, 0);
  if (const auto* tensor = std::get_if<FloatConstant>(&meaning))
    return quantize_constant(node, *tensor->tensor);
  if (std::holds_alternative<QuantizedConstant>(meaning)) {
    refuse(node.name(), "it quantizes a constant for the second time",
           "fold constants before quantizing");
  }
  const Scaling scaling = scaling_of(node);
  ValueId result = -1;
  if (const auto* pending = std::get_if<Pending>(&meaning)) {
    result = finish(node, *pending, scaling);
  } else if (const auto* function = std::get_if<Function>(&meaning)) {
    result = add_table(node, *function, scaling);
  } else {
    const ValueId source = std::get<Quantized>(meaning).value;
    const Value& value = network_.value(source);
    const bool is_same = value.scale == scaling.scale && value.zero_point == scaling.zero_point &&
                         value.is_unsigned == scaling.is_unsigned;
    result = is_same ? source : add_table(node, function_of(source), scaling);
  }
  bytes_[node.output()] = result;
}

ValueId OnnxReader::finish(const OnnxNode& node, const Pending& pending, const Scaling& scaling) {
  const auto apply = [&](ValueId id) {
    for (const Move& move : pending.moves) id = apply_move(move, id);
    return id;
  };
  const void* identity = pending.layer.get();
  Value value = pending.output;
  value.scale = scaling.scale;
  value.zero_point = scaling.zero_point;
  value.is_unsigned = scaling.is_unsigned;
  if (!identity) {  // a graph input
    for (const Port& port : network_.inputs) {
      const Value& known = network_.value(port.value);
      if (known.name != value.name) continue;
      if (known.scale != value.scale || known.zero_point != value.zero_point) {
        refuse(node.name(),
               fmt::format("graph input '{}' is quantized with two different scales", value.name),
               "quantize it once");
      }
      return apply(port.value);
    }
    const ir::HostView view{.type = ir::HostView::Type::Float32,
                            .shape = value.dims,
                            .channels_first = value.order == kChannelsFirst};
    const ValueId id = network_.add(std::move(value));
    network_.inputs.push_back({id, view});
    return apply(id);
  }
  const auto key = std::tuple{pending.layer.get(), pending.clamp.low,  pending.clamp.high,
                              scaling.scale,       scaling.zero_point, scaling.is_unsigned};
  if (const auto known = finished_.find(key); known != finished_.end()) return apply(known->second);
  if (pending.moves.empty())
    value.name = node.input(0);  // the tensor behind an absorbed activation
  Layer layer = *pending.layer;
  layer.node.name = joined(pending.names);
  if (auto* concat =
          std::get_if<ConcatLayer>(&layer.kind)) {  // each input on the scale of the result
    for (ValueId& input : concat->inputs) {
      const Value& part = network_.value(input);
      if (part.scale != scaling.scale || part.zero_point != scaling.zero_point)
        input = add_table(node, function_of(input), scaling);
    }
  }
  const ValueId id = network_.add(std::move(value));
  std::visit(
      [&](auto& l) {
        l.output = id;
        if constexpr (requires { l.clamp; }) l.clamp = pending.clamp;
      },
      layer.kind);
  network_.layers.push_back(std::move(layer));
  finished_[key] = id;
  return apply(id);
}

ValueId OnnxReader::add_table(const OnnxNode& node, const Function& function,
                              const Scaling& scaling) {
  if (network_.value(function.root).view) {
    const View view = *network_.value(function.root).view;
    if (is_rearrangement(network_, view)) {  // the function of the bytes where they lie
      View result = view;
      Function below = function;
      below.root = view.root;
      result.root = add_table(node, below, scaling);
      const Value like = network_.value(result.root);
      const Parent parent = parents_.at(result.root);
      const ValueId id = add_view(network_, node.name(), like, node.input(0), result);
      parents_[id] = {function.root, parent.table, parent.name};
      return id;
    }
    Function moved = function;
    moved.root = settled(network_, node.name(), function.root);
    return add_table(node, moved, scaling);
  }
  TableLayer layer{.input = function.root, .output = -1, .table = {}};
  for (size_t i = 0; i < 256; ++i)
    layer.table[i] = quantized(function.values[i], scaling.scale, scaling.zero_point);
  Value value = network_.value(function.root);
  value.name = node.input(0);
  value.scale = scaling.scale;
  value.zero_point = scaling.zero_point;
  value.is_unsigned = scaling.is_unsigned;
  layer.output = network_.add(std::move(value));
  const std::string name = function.names.empty() ? node.name().name : joined(function.names);
  parents_[layer.output] = {layer.input, layer.table, name};
  network_.layers.push_back({{name, function.names.empty() ? node.type() : "Function"}, layer});
  return layer.output;
}

Function OnnxReader::function_of(ValueId id) const {
  Function function{.root = id, .values = {}, .names = {}};
  for (int q = -128; q < 128; ++q)
    function.values[static_cast<size_t>(q + 128)] = dequantized(q, network_.value(id));
  return function;
}

void OnnxReader::quantize_constant(const OnnxNode& node, const OnnxTensor& tensor) {
  const std::vector<float> scales = scales_of(node);
  const OnnxTensor* zeros = node.input(2).empty() ? nullptr : constant(node.input(2));
  auto result = std::make_shared<OnnxTensor>();
  result->type = zeros ? zeros->type : static_cast<int>(onnx::TensorProto::UINT8);
  result->dims = tensor.dims;
  if (!result->is_byte())
    refuse(node.name(), "a constant is quantized to a type other than int8 and uint8",
           kQuantizeOnnx);
  const auto rank = static_cast<int64_t>(tensor.dims.size());
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  size_t inner = 1;
  if (scales.size() > 1) {
    if (axis < 0 || axis >= rank ||
        static_cast<size_t>(tensor.dims[static_cast<size_t>(axis)]) != scales.size() ||
        (zeros && zeros->integers.size() != scales.size())) {
      refuse(node.name(), "its scales do not fit the shape", kQuantizeOnnx);
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
  quantized_[node.output()] = std::move(result);
}

void OnnxReader::read_dequantize(const OnnxNode& node) {
  const std::string source = node.input(0);
  std::shared_ptr<const OnnxTensor> tensor;
  if (const auto folded = quantized_.find(source); folded != quantized_.end())
    tensor = folded->second;
  if (const OnnxTensor* initializer = constant(source))
    tensor = std::shared_ptr<const OnnxTensor>(std::shared_ptr<void>(), initializer);
  if (tensor) {
    QuantizedConstant result{
        .name = source, .tensor = tensor, .scales = scales_of(node), .zero_points = {}, .axis = 0};
    const auto rank = static_cast<int64_t>(tensor->dims.size());
    const int64_t axis = node.integer("axis", 1);
    result.axis = static_cast<int>(
        std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, std::max<int64_t>(rank - 1, 0)));
    result.zero_points.assign(result.scales.size(), 0);
    if (!node.input(2).empty()) {
      const OnnxTensor* zeros = constant(node.input(2));
      if (!zeros || zeros->integers.size() != result.scales.size()) {
        refuse(node.name(), "its zero points do not fit its scales", kQuantizeOnnx);
      }
      result.zero_points = zeros->integers;
    }
    if (tensor->is_float() || tensor->integers.empty() || node.integer("block_size", 0) != 0) {
      refuse(node.name(),
             fmt::format("constant '{}' is not int8, uint8 or int32, per tensor or per channel",
                         source),
             kQuantizeOnnx);
    }
    if (result.scales.size() > 1 &&
        (rank == 0 || static_cast<size_t>(tensor->dims[static_cast<size_t>(result.axis)]) !=
                          result.scales.size())) {
      refuse(node.name(), "its scales do not fit the shape", kQuantizeOnnx);
    }
    floats_.insert_or_assign(node.output(), std::move(result));
    return;
  }
  const Scaling scaling = scaling_of(node);
  if (const auto port = byte_inputs_.find(source);
      port != byte_inputs_.end() && !bytes_.contains(source)) {
    Value value;
    value.name = source;
    value.dims = port->second->dims;
    value.order = value.dims.size() == 4 && !wants_channels_last(source)
                      ? kChannelsFirst
                      : plain_order(value.dims.size());
    value.scale = scaling.scale;
    value.zero_point = scaling.zero_point;
    value.is_unsigned = scaling.is_unsigned;
    const auto type = scaling.is_unsigned ? ir::HostView::Type::UInt8 : ir::HostView::Type::Int8;
    const ir::HostView view{
        .type = type, .shape = value.dims, .channels_first = value.order == kChannelsFirst};
    bytes_[source] = network_.add(std::move(value));
    network_.inputs.push_back({bytes_[source], view});
  }
  const auto known = bytes_.find(source);
  if (known == bytes_.end()) {
    refuse(node.name(),
           fmt::format("its input '{}' is neither a constant nor the result of a QuantizeLinear",
                       source),
           kQuantizeOnnx);
  }
  const Value value = network_.value(known->second);
  ValueId id = known->second;
  if (value.scale != scaling.scale || value.zero_point != scaling.zero_point) {
    Value read_anew = value;  // the same bytes, read on another scale
    read_anew.scale = scaling.scale;
    read_anew.zero_point = scaling.zero_point;
    read_anew.name = node.output();
    const ValueId copy = network_.add(std::move(read_anew));
    if (!value.view) network_.layers.push_back({node.name(), ReshapeLayer{id, copy}});
    id = copy;
  }
  floats_.insert_or_assign(node.output(), Quantized{id});
}

}  // namespace zahl::frontend
