#include "compiler/integerize/integerize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/arithmetic/multiplier.h"
#include "compiler/arithmetic/tflite_table.h"
#include "compiler/integerize/rules.h"

namespace zahl::integerize {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

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

// Which of N, H, W, C the axis of the dimensions is; refuses what the shape in memory does not tell
// apart.
int memory_axis(const LayerContext& context, const frontend::ConcatLayer& layer) {
  const frontend::Value& output = context.network.value(layer.output);
  const auto place = std::ranges::find(output.order, layer.axis) - output.order.begin();
  const int axis = static_cast<int>(place) + 4 - static_cast<int>(output.order.size());
  if (axis < 1) {
    frontend::refuse<kBatchesApart>(context.node);
  }
  return axis;
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

// The layer's integers; refuses what has none.
ir::Operation integerize_layer(const LayerContext& context, const frontend::Layer& layer,
                               int64_t& macs) {
  return std::visit(
      Overloaded{[&](const frontend::ConvLayer& l) { return integerize_conv(context, l, macs); },
                 [&](const frontend::PoolLayer& l) { return integerize_pool(context, l); },
                 [&](const frontend::EltwiseLayer& l) { return integerize_eltwise(context, l); },
                 [&](const frontend::SoftmaxLayer& l) { return integerize_softmax(context, l); },
                 [&](const frontend::TableLayer& l) -> ir::Operation {
                   return ir::Lookup{tensor_of(l.input), tensor_of(l.output), l.table};
                 },
                 [&](const frontend::ReshapeLayer& l) -> ir::Operation {
                   return ir::Reshape{tensor_of(l.input), tensor_of(l.output)};
                 },
                 [&](const frontend::ConcatLayer& l) -> ir::Operation {
                   ir::Concat concat{{}, tensor_of(l.output), memory_axis(context, l)};
                   for (frontend::ValueId id : l.inputs) concat.inputs.push_back(tensor_of(id));
                   return concat;
                 },
                 [&](const frontend::MoveLayer& l) -> ir::Operation {
                   return ir::Move{tensor_of(l.input), tensor_of(l.output), l.offset, l.axes};
                 },
                 [&](const frontend::PadLayer&) -> ir::Operation {
                   frontend::refuse<kPadsReader>(layer.node);
                 }},
      layer.kind);
}

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
    const LayerContext context{network, layer.node};
    ir::Node node{
        .name = layer.node.name, .type = layer.node.type, .macs = 0, .operation = ir::Reshape{}};
    try {
      node.operation = integerize_layer(context, layer, node.macs);
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
