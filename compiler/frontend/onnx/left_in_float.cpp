// Beyond the first node that cannot be read: for explaining, not for compiling.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/reader.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;

namespace {

// What is dynamic about a node of a dynamically quantized model, in its own words; nothing for
// other nodes.
std::optional<std::string> dynamic_reason(const OnnxNode& node) {
  if (node.type() == "DynamicQuantizeLinear") {
    return "it computes the scale and zero point of its input from the data, in float, in every "
           "inference";
  }
  if (node.type() == "ConvInteger" || node.type() == "MatMulInteger") {
    return "its sums are integers, but the scale of its input is known at run time only, so no "
           "constant factor brings "
           "them to int8";
  }
  if (node.type() == "DynamicQuantizeMatMul" || node.type() == "MatMulIntegerToFloat") {
    return "it scales its integer sums back to float with a scale that is computed at run time";
  }
  return std::nullopt;
}

}  // namespace

void OnnxReader::read_or_leave(const OnnxNode& node) {
  if (const auto reason = dynamic_reason(node)) {
    return leave(node, {node.name(), *reason, std::string(kQuantizeOnnx)});
  }
  bool is_constant = node.inputs() > 0;
  for (size_t i = 0; i < node.inputs(); ++i)
    is_constant = is_constant && context_.graph.constants.contains(node.input(i));
  std::string source;  // an operand that a node left in float computes
  for (size_t i = 0; i < node.inputs(); ++i) {
    if (computed_in_float_.contains(node.input(i))) source = node.input(i);
  }
  const auto follow = [&] {
    const std::string reason = fmt::format("it reads '{}', which {} computes in floating point",
                                           source, computed_in_float_.at(source));
    leave(node, {node.name(), reason, "quantize that node first", true});
  };
  if (!source.empty() && !context_.floats.contains(source)) return follow();
  try {
    require_static(node);
    read_node(node);
  } catch (const Refusal& refusal) {
    const bool is_consequence =
        !source.empty() && refusal.parts().reason.find("is not quantized") != std::string::npos;
    if (is_consequence) return follow();
    if (!is_constant) return leave(node, refusal.parts());
    leave(node, {node.name(), "it prepares a floating-point constant",
                 "quantize the node that reads it", true});
  }
}

void OnnxReader::hand_to_host(ValueId id) {
  if (context_.network.value(id).constant) return;
  const bool is_map = natural_order(context_.network.value(id)) == kChannelsFirst;
  const std::vector<int> plain = plain_order(context_.network.value(id).dims.size());
  id = in_memory_order(context_.network, {context_.network.value(id).name, "tensor"}, id,
                       is_map ? kChannelsFirst : plain);
  if (std::ranges::any_of(context_.network.outputs, [&](const Port& p) { return p.value == id; }))
    return;
  context_.network.outputs.push_back({id,
                                      {.type = ir::HostView::Type::Float32,
                                       .shape = context_.network.value(id).dims,
                                       .channels_first = is_map}});
}

// A layer whose result is read before a QuantizeLinear gives it a scale is left as well: its own
// operands go to the host.
void OnnxReader::leave_operand(const std::string& tensor, const std::string& reader) {
  const auto meaning = context_.floats.find(tensor);
  if (meaning == context_.floats.end()) return;
  const std::string reason =
      fmt::format("its result goes to {} in floating point, without a QuantizeLinear", reader);
  const auto list = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (std::ranges::any_of(*left_, [&](const LeftInFloat& l) { return l.node.name == name; }))
        continue;
      const auto node = std::ranges::find_if(
          context_.graph.nodes, [&](const OnnxNode& n) { return n.name().name == name; });
      left_->push_back({{name, node == context_.graph.nodes.end() ? "?" : node->type()},
                        reason,
                        std::string(kSurround),
                        true});
    }
  };
  if (const auto* quantized = std::get_if<Quantized>(&meaning->second))
    hand_to_host(quantized->value);
  if (const auto* function = std::get_if<Function>(&meaning->second)) {
    list(function->names);
    hand_to_host(function->root);
  }
  const auto* pending = std::get_if<Pending>(&meaning->second);
  if (!pending || !pending->layer) return;
  list(pending->names);
  for_each_input(pending->layer->kind, [&](ValueId id) { hand_to_host(id); });
}

void OnnxReader::leave(const OnnxNode& node, const LeftInFloat& why) {
  const std::string name = fmt::format("'{}' ({})", node.name().name, node.type());
  left_->push_back({node.name(), why.reason, why.remedy, why.follows});
  for (size_t i = 0; i < node.inputs(); ++i) leave_operand(node.input(i), name);
  for (size_t i = 0; i < node.outputs(); ++i) {
    const auto shape = context_.graph.shapes.find(node.output(i));
    const bool is_known = shape != context_.graph.shapes.end() && !shape->second.empty() &&
                          std::ranges::all_of(shape->second, [](int64_t d) { return d > 0; });
    computed_in_float_.emplace(node.output(i), name);
    if (!is_known || context_.floats.contains(node.output(i)) ||
        context_.bytes.contains(node.output(i)))
      continue;
    Value value;
    value.name = node.output(i);
    value.dims = shape->second;
    value.order = value.dims.size() == 4 ? kChannelsFirst : plain_order(value.dims.size());
    context_.floats.insert_or_assign(
        node.output(i),
        Pending{.layer = nullptr, .output = value, .clamp = {}, .names = {}, .moves = {}});
  }
}

void OnnxReader::leave_outputs() {
  if (left_->empty()) return read_outputs();
  std::vector<Port> handed = std::move(context_.network.outputs);
  context_.network.outputs.clear();
  for (const OnnxPort& port : context_.graph.outputs) {
    const auto real = context_.floats.find(port.name);
    const auto bytes = context_.bytes.find(port.name);
    if (bytes != context_.bytes.end()) {
      hand_to_host(bytes->second);
    } else if (real != context_.floats.end()) {
      leave_operand(port.name, fmt::format("graph output '{}'", port.name));
    }
  }
  for (const Port& port : handed) hand_to_host(port.value);
}

}  // namespace zahl::frontend
