#include "compiler/frontend/onnx/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/read.h"

namespace zahl::frontend {
std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " + "));
}

Network read_onnx(std::span<const uint8_t> bytes, std::vector<LeftInFloat>* left) {
  OnnxGraph graph;
  parse_onnx(bytes, graph);
  if (!left) require_quantized(graph);
  expand_qoperators(graph);
  fold_constants(graph);
  return OnnxReader(graph, left).read();
}

Network OnnxReader::read() {
  network_.format = graph_.has_qoperators ? "onnx-qoperator" : "onnx-qdq";
  network_.arithmetic = Arithmetic::Onnx;
  for (const auto& [name, tensor] : graph_.constants) {
    if (tensor.is_float()) floats_.insert_or_assign(name, FloatConstant{&tensor});
  }
  read_inputs();
  for (const OnnxNode& node : graph_.nodes) left_ ? read_or_leave(node) : read_node(node);
  left_ ? leave_outputs() : read_outputs();
  return std::move(network_);
}

// Whether a graph input is transposed to channels first by the model itself: it then lies in memory
// as it is.
bool OnnxReader::wants_channels_last(const std::string& tensor) const {
  for (const OnnxNode& node : graph_.nodes) {
    if (node.input(0) != tensor) continue;
    if (node.type() == "Transpose" && node.integers("perm", {}) == std::vector<int64_t>{0, 3, 1, 2})
      return true;
    const bool is_notation = node.type() == "QuantizeLinear" || node.type() == "DequantizeLinear";
    if (is_notation && node.output() != tensor && wants_channels_last(node.output())) return true;
  }
  return false;
}

void OnnxReader::read_inputs() {
  for (const OnnxPort& port : graph_.inputs) {
    const NodeName name{port.name, "graph input"};
    if (port.type == onnx::TensorProto::INT8 || port.type == onnx::TensorProto::UINT8) {
      byte_inputs_[port.name] = &port;  // its DequantizeLinear tells the scale
      continue;
    }
    if (port.type != onnx::TensorProto::FLOAT) {
      refuse(name, fmt::format("it has the type {}", onnx::TensorProto_DataType_Name(port.type)),
             "use float, int8 or uint8 inputs");
    }
    Value value;
    value.name = port.name;
    value.dims = port.dims;
    value.order = port.dims.size() == 4 && !wants_channels_last(port.name)
                      ? kChannelsFirst
                      : plain_order(port.dims.size());
    floats_.insert_or_assign(
        port.name,
        Pending{.layer = nullptr, .output = value, .clamp = {}, .names = {}, .moves = {}});
  }
}

void OnnxReader::read_outputs() {
  for (const OnnxPort& port : graph_.outputs) {
    const NodeName name{port.name, "graph output"};
    Port out;
    out.view.type = ir::HostView::Type::Float32;
    if (const auto bytes = bytes_.find(port.name); bytes != bytes_.end()) {
      out.value = bytes->second;
      out.view.type = network_.value(out.value).is_unsigned ? ir::HostView::Type::UInt8
                                                            : ir::HostView::Type::Int8;
    } else if (const auto real = floats_.find(port.name);
               real != floats_.end() && std::holds_alternative<Quantized>(real->second)) {
      out.value = std::get<Quantized>(real->second).value;
    } else {
      refuse(name,
             real == floats_.end() ? "no node computes it"
                                   : "the node that computes it is not quantized",
             kSurround);
    }
    const std::vector<int> plain = plain_order(network_.value(out.value).dims.size());
    const std::vector<int> natural = natural_order(network_.value(out.value));
    const bool is_map = natural == kChannelsFirst;
    out.value = in_memory_order(network_, name, out.value, is_map ? natural : plain);
    Value& value = network_.value(out.value);
    const auto has_name = [&](const Port& other) { return other.value == out.value; };
    if (std::ranges::none_of(network_.inputs, has_name) &&
        std::ranges::none_of(network_.outputs, has_name))
      value.name = port.name;  // the user's, whatever the notation around it adds
    out.name = port.name;
    out.view.shape = value.dims;
    out.view.channels_first = is_map;
    network_.outputs.push_back(std::move(out));
  }
  if (network_.inputs.empty())
    refuse("no QuantizeLinear reads a graph input: this is a float model", kQuantizeOnnx);
}

void OnnxReader::read_node(const OnnxNode& node) {
  for (size_t i = 0; i < node.outputs(); ++i) {
    if (!node.output(i).empty() &&
        (floats_.contains(node.output(i)) || bytes_.contains(node.output(i)))) {
      refuse(node.name(), fmt::format("tensor '{}' is computed twice", node.output(i)),
             "use an intact file as written by onnx.save");
    }
  }
  const bool is_standard = node.domain().empty() || node.domain() == "ai.onnx";
  if (is_standard || node.domain() == "com.microsoft") {
    if (node.type() == "QuantizeLinear") return read_quantize(node);
    if (node.type() == "DequantizeLinear") return read_dequantize(node);
  }
  if (is_standard &&
      (read_on_bytes(node) || read_move(node) || read_function(node) || read_layer(node)))
    return;
  refuse(node.name(), "the operator is not supported", "replace it, or cut the model before it");
}

// An operator that takes quantized bytes as they are: its result has the scale of its inputs.
bool OnnxReader::read_on_bytes(const OnnxNode& node) {
  if ((node.type() != "MaxPool" && node.type() != "Concat") || !bytes_.contains(node.input(0)))
    return false;
  const Value like = network_.value(bytes_.at(node.input(0)));
  for (size_t i = 0; i < node.inputs(); ++i) {
    const auto bytes = bytes_.find(node.input(i));
    if (bytes == bytes_.end())
      refuse(node.name(), fmt::format("its input '{}' is not quantized", node.input(i)), kSurround);
    floats_.insert_or_assign(node.input(i), Quantized{bytes->second});
  }
  read_layer(node);
  const Pending pending = std::get<Pending>(floats_.at(node.output()));
  for (size_t i = 0; i < node.inputs(); ++i) floats_.erase(node.input(i));
  floats_.erase(node.output());
  const ValueId result = finish(node, pending, {like.scale, like.zero_point, like.is_unsigned});
  network_.value(result).name = node.output();
  bytes_[node.output()] = result;
  return true;
}

const OnnxTensor* OnnxReader::constant(const std::string& name) const {
  const auto it = graph_.constants.find(name);
  return it == graph_.constants.end() ? nullptr : &it->second;
}

std::optional<std::vector<int64_t>> OnnxReader::integers(const OnnxNode& node, size_t input,
                                                         const char* attribute) const {
  if (node.has(attribute)) return node.integers(attribute, {});
  if (node.input(input).empty()) return std::nullopt;
  const OnnxTensor* tensor = constant(node.input(input));
  if (!tensor || tensor->is_float()) {
    refuse(node.name(),
           fmt::format("operand '{}' is not a constant of integers", node.input(input)),
           "export the model with fixed shapes");
  }
  return tensor->integers;
}

const Meaning& OnnxReader::meaning_of(const OnnxNode& node, size_t input) const {
  const auto it = floats_.find(node.input(input));
  if (it == floats_.end()) {
    refuse(
        node.name(),
        fmt::format("input {} ('{}') is not a floating-point tensor that an earlier node computes",
                    input, node.input(input)),
        "use an intact file as written by onnx.save, its nodes in order");
  }
  return it->second;
}

ValueId OnnxReader::value_of(const OnnxNode& node, size_t input) const {
  const Meaning& meaning = meaning_of(node, input);
  if (const auto* quantized = std::get_if<Quantized>(&meaning)) return quantized->value;
  if (std::holds_alternative<FloatConstant>(meaning) ||
      std::holds_alternative<QuantizedConstant>(meaning)) {
    refuse(node.name(), fmt::format("input '{}' is a constant", node.input(input)),
           "fold constants before quantizing");
  }
  refuse(node.name(), fmt::format("its input '{}' is not quantized", node.input(input)), kSurround);
}

const QuantizedConstant& OnnxReader::weights_of(const OnnxNode& node, size_t input) const {
  const Meaning& meaning = meaning_of(node, input);
  if (const auto* weights = std::get_if<QuantizedConstant>(&meaning)) return *weights;
  if (std::holds_alternative<FloatConstant>(meaning)) {
    refuse(node.name(), fmt::format("its weights '{}' are floating point", node.input(input)),
           kQuantizeOnnx);
  }
  refuse(node.name(), fmt::format("its weights '{}' are computed", node.input(input)),
         "use constant weights; products of two computed matrices are not supported");
}

}  // namespace zahl::frontend
