#include "compiler/integerize/integerize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/arithmetic/multiplier.h"
#include "compiler/arithmetic/tflite_table.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

ir::Tensor integerize_value(const frontend::Value& value) {
  const frontend::NodeName owner{value.name, "tensor"};
  frontend::element_count(owner, value.dims);
  return {.name = value.name,
          .shape = frontend::memory_shape(value),
          .scale = static_cast<double>(value.scale),
          .zero_point = value.zero_point,
          .constant = value.constant};
}

// Constants that were folded into weights or tables have no use as tensors and may have any shape.
std::vector<bool> used_values(const frontend::Network& network) {
  std::vector<bool> used(network.values.size(), false);
  const auto use = [&](frontend::ValueId id) { used[static_cast<size_t>(id)] = true; };
  for (const frontend::Layer& layer : network.layers) {
    const bool folds_scalars = std::holds_alternative<frontend::EltwiseLayer>(layer.kind);
    frontend::for_each_input(layer.kind, [&](frontend::ValueId id) {
      if (!folds_scalars || !network.value(id).constant || network.value(id).constant->size() != 1)
        use(id);
    });
    std::visit([&](const auto& l) { use(l.output); }, layer.kind);
  }
  for (const frontend::Port& port : network.inputs) use(port.value);
  for (const frontend::Port& port : network.outputs) use(port.value);
  return used;
}

}  // namespace

ClampRange clamp_range(const LayerContext& context, const frontend::Value& output,
                       const frontend::Clamp& clamp) {
  const auto bound = [&](float real) {
    if (std::isnan(real)) frontend::refuse<kBoundOfActivation>(context.node);
    if (std::isinf(real)) return real < 0 ? -128 : 127;
    const int q = context.is_tflite()
                      ? arithmetic::tfl_quantized_bound(real, output.scale, output.zero_point)
                      : output.zero_point + static_cast<int>(std::clamp(
                                                std::nearbyint(real / output.scale), -1e6f, 1e6f));
    return std::clamp(q, -128, 127);
  };
  ClampRange bounds{bound(clamp.low), bound(clamp.high)};
  bounds.low = std::min(bounds.low, bounds.high);
  return bounds;
}

ir::Multiplier tflite_multiplier(const LayerContext& context, double real, int64_t bound) {
  if (!std::isfinite(real) || !(real >= 0) || real >= 1073741824.0) {
    frontend::refuse<kRatioInRange>(context.node, real);
  }
  const arithmetic::TflMultiplier multiplier = arithmetic::quantize_multiplier(real);
  if (multiplier.exponent > 0 &&
      (bound << multiplier.exponent) > std::numeric_limits<int32_t>::max()) {
    frontend::refuse<kShiftFits>(context.node, multiplier.exponent);
  }
  return arithmetic::machine_form(multiplier);
}

ir::Multiplier onnx_multiplier(const LayerContext& context, double real) {
  const auto multiplier = arithmetic::nearest_multiplier(real);
  if (!multiplier) {
    frontend::refuse<kRatioInRange>(context.node, real);
  }
  return *multiplier;
}

namespace {

// A refused layer is the host's: its operands go out, its result comes in.
void leave_to_host(const frontend::Network& network, const frontend::Layer& layer,
                   ir::Graph& graph) {
  const auto port = [&](frontend::ValueId id) {
    return ir::GraphPort{tensor_of(id),
                         {.type = ir::HostView::Type::Int8,
                          .shape = network.value(id).dims,
                          .channels_first = false}};
  };
  frontend::for_each_input(layer.kind, [&](frontend::ValueId id) {
    if (!network.value(id).constant) graph.outputs.push_back(port(id));
  });
  std::visit([&](const auto& l) { graph.inputs.push_back(port(l.output)); }, layer.kind);
}

}  // namespace

ir::Graph integerize(const frontend::Network& network, std::vector<frontend::LeftInFloat>* left) {
  ir::Graph graph;
  graph.format = network.format;
  const std::vector<bool> used = used_values(network);
  for (size_t i = 0; i < network.values.size(); ++i) {
    graph.tensors.add(used[i] ? integerize_value(network.values[i]) : ir::Tensor{});
  }
  for (const frontend::Layer& layer : network.layers) {
    ir::Node node{
        .name = layer.node.name, .type = layer.node.type, .macs = 0, .operation = ir::Reshape{}};
    const LayerContext context{network, layer.node, node.macs};
    try {
      node.operation =
          std::visit([&](const auto& l) { return integerize_layer(context, l); }, layer.kind);
    } catch (const frontend::Refusal& refusal) {
      if (!left) throw;
      left->push_back(refusal.parts());
      leave_to_host(network, layer, graph);
      continue;
    }
    graph.nodes.add(std::move(node));
  }
  for (const frontend::Port& port : network.inputs)
    graph.inputs.push_back({tensor_of(port.value), port.view, port.name});
  for (const frontend::Port& port : network.outputs)
    graph.outputs.push_back({tensor_of(port.value), port.view, port.name});
  return graph;
}

}  // namespace zahl::integerize
