#include "compiler/frontend/onnx/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/constants.h"
#include "compiler/frontend/onnx/folding.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/read.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
Network read_onnx(std::span<const uint8_t> bytes, const ModelFile& file,
                  std::vector<LeftInFloat>* left, std::vector<std::string>* notes) {
  OnnxGraph graph;
  parse_onnx(bytes, file, graph);
  bind_dimensions(graph, file, notes);
  if (!left) require_quantized(graph);
  fold_constants(graph);
  expand_qoperators(graph);
  return OnnxReader(graph, left).read();
}

Network OnnxReader::read() {
  context_.network.format = context_.graph.has_qoperators ? "onnx-qoperator" : "onnx-qdq";
  context_.network.arithmetic = Arithmetic::Onnx;
  for (const auto& [name, tensor] : context_.graph.constants) {
    if (tensor.is_float()) context_.floats.insert_or_assign(name, FloatConstant{&tensor});
  }
  read_inputs();
  for (const OnnxNode& node : context_.graph.nodes) left_ ? read_or_leave(node) : read_node(node);
  left_ ? leave_outputs() : read_outputs();
  return std::move(context_.network);
}

void OnnxReader::read_inputs() {
  for (const OnnxPort& port : context_.graph.inputs) {
    const NodeName name{port.name, "graph input"};
    if (port.type == onnx::TensorProto::INT8 || port.type == onnx::TensorProto::UINT8) {
      context_.byte_inputs[port.name] = &port;  // its DequantizeLinear tells the scale
      continue;
    }
    if (port.type != onnx::TensorProto::FLOAT) {
      refuse(name, fmt::format("it has the type {}", onnx::TensorProto_DataType_Name(port.type)),
             "use float, int8 or uint8 inputs");
    }
    Value value;
    value.name = port.name;
    value.dims = port.dims;
    value.order = port.dims.size() == 4 && !context_.wants_channels_last(port.name)
                      ? kChannelsFirst
                      : plain_order(port.dims.size());
    context_.floats.insert_or_assign(
        port.name,
        Pending{.layer = nullptr, .output = value, .clamp = {}, .names = {}, .moves = {}});
  }
}

void OnnxReader::read_outputs() {
  for (const OnnxPort& port : context_.graph.outputs) {
    const NodeName name{port.name, "graph output"};
    Port out;
    out.view.type = ir::HostView::Type::Float32;
    if (const auto bytes = context_.bytes.find(port.name); bytes != context_.bytes.end()) {
      out.value = bytes->second;
      out.view.type = context_.network.value(out.value).is_unsigned ? ir::HostView::Type::UInt8
                                                                    : ir::HostView::Type::Int8;
    } else if (const auto real = context_.floats.find(port.name);
               real != context_.floats.end() && std::holds_alternative<Quantized>(real->second)) {
      out.value = std::get<Quantized>(real->second).value;
    } else {
      refuse(name,
             real == context_.floats.end() ? "no node computes it"
                                           : "the node that computes it is not quantized",
             kSurround);
    }
    const std::vector<int> plain = plain_order(context_.network.value(out.value).dims.size());
    const std::vector<int> natural = natural_order(context_.network.value(out.value));
    const bool is_map = natural == kChannelsFirst;
    out.value = in_memory_order(context_.network, name, out.value, is_map ? natural : plain);
    Value& value = context_.network.value(out.value);
    const auto has_name = [&](const Port& other) { return other.value == out.value; };
    if (std::ranges::none_of(context_.network.inputs, has_name) &&
        std::ranges::none_of(context_.network.outputs, has_name))
      value.name = port.name;  // the user's, whatever the notation around it adds
    out.name = port.name;
    out.view.shape = value.dims;
    out.view.channels_first = is_map;
    context_.network.outputs.push_back(std::move(out));
  }
  if (context_.network.inputs.empty())
    refuse("no QuantizeLinear reads a graph input: this is a float model", kQuantizeOnnx);
}

void OnnxReader::read_node(const OnnxNode& node) {
  for (size_t i = 0; i < node.outputs(); ++i) {
    if (!node.output(i).empty() &&
        (context_.floats.contains(node.output(i)) || context_.bytes.contains(node.output(i)))) {
      refuse(node.name(), fmt::format("tensor '{}' is computed twice", node.output(i)),
             "use an intact file as written by onnx.save");
    }
  }
  if (becomes_constant(context_, node)) return;
  const OnnxOperator* op = find_operator(node);
  if (!op) refuse<kInTable>(node.name());
  frontend::read(context_, node, *op);
}

}  // namespace zahl::frontend
