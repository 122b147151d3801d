#include "compiler/frontend/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/legalize/multiplier.h"
#include "compiler/legalize/tflite_table.h"

namespace zahl::frontend {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

ir::Tensor lower_value(const Value& value) {
  const NodeName owner{value.name, "tensor"};
  element_count(owner, value.dims);
  return {.name = value.name,
          .shape = memory_shape(value),
          .scale = static_cast<double>(value.scale),
          .zero_point = value.zero_point,
          .constant = value.constant};
}

// Constants that were folded into weights or tables have no use as tensors and may have any shape.
std::vector<bool> used_values(const Network& network) {
  std::vector<bool> used(network.values.size(), false);
  const auto use = [&](ValueId id) { used[static_cast<size_t>(id)] = true; };
  for (const Layer& layer : network.layers) {
    const bool folds_scalars = std::holds_alternative<EltwiseLayer>(layer.kind);
    for_each_input(layer.kind, [&](ValueId id) {
      if (!folds_scalars || !network.value(id).constant || network.value(id).constant->size() != 1) use(id);
    });
    std::visit([&](const auto& l) { use(l.output); }, layer.kind);
  }
  for (const Port& port : network.inputs) use(port.value);
  for (const Port& port : network.outputs) use(port.value);
  return used;
}

// Which of N, H, W, C the axis of the dimensions is; refuses what the shape in memory does not tell apart.
int memory_axis(const LoweringContext& context, const ConcatLayer& layer) {
  const Value& output = context.network.value(layer.output);
  const auto place = std::ranges::find(output.order, layer.axis) - output.order.begin();
  const int axis = static_cast<int>(place) + 4 - static_cast<int>(output.order.size());
  if (axis < 1) {
    refuse(context.node, "it joins batches", "join along height, width or channels");
  }
  return axis;
}

}  // namespace

Bounds quantized_bounds(const LoweringContext& context, const Value& output, const Clamp& clamp) {
  const auto bound = [&](float real) {
    if (std::isnan(real)) refuse(context.node, "a bound of the activation is not a number", "use finite bounds");
    if (std::isinf(real)) return real < 0 ? -128 : 127;
    const int q =
        context.is_tflite()
            ? legalize::tfl_quantized_bound(real, output.scale, output.zero_point)
            : output.zero_point + static_cast<int>(std::clamp(std::nearbyint(real / output.scale), -1e6f, 1e6f));
    return std::clamp(q, -128, 127);
  };
  Bounds bounds{bound(clamp.low), bound(clamp.high)};
  bounds.low = std::min(bounds.low, bounds.high);
  return bounds;
}

ir::Multiplier tflite_multiplier(const LoweringContext& context, double real, int64_t bound) {
  if (!std::isfinite(real) || !(real >= 0) || real >= 1073741824.0) {
    refuse(context.node, fmt::format("the ratio of its scales, {}, is out of range", real),
           "quantize with a larger output range");
  }
  const legalize::TflMultiplier multiplier = legalize::quantize_multiplier(real);
  if (multiplier.exponent > 0 && (bound << multiplier.exponent) > std::numeric_limits<int32_t>::max()) {
    refuse(context.node,
           fmt::format("TFLite would shift its accumulator left by {} bits, which can overflow 32 bits",
                       multiplier.exponent),
           "quantize with a larger output range");
  }
  return legalize::machine_form(multiplier);
}

ir::Multiplier onnx_multiplier(const LoweringContext& context, double real) {
  const auto multiplier = legalize::nearest_multiplier(real);
  if (!multiplier) {
    refuse(context.node, fmt::format("the ratio of its scales, {}, is out of range", real),
           "quantize with a larger output range");
  }
  return *multiplier;
}

namespace {

// The layer's integers; refuses what has none.
ir::Operation lower_layer(const LoweringContext& context, const Layer& layer, int64_t& macs) {
  return std::visit(Overloaded{[&](const ConvLayer& l) { return lower_conv(context, l, macs); },
                               [&](const PoolLayer& l) { return lower_pool(context, l); },
                               [&](const EltwiseLayer& l) { return lower_eltwise(context, l); },
                               [&](const SoftmaxLayer& l) { return lower_softmax(context, l); },
                               [&](const TableLayer& l) -> ir::Operation {
                                 return ir::Lookup{l.input, l.output, l.table};
                               },
                               [&](const ReshapeLayer& l) -> ir::Operation {
                                 return ir::Reshape{l.input, l.output};
                               },
                               [&](const ConcatLayer& l) -> ir::Operation {
                                 return ir::Concat{l.inputs, l.output, memory_axis(context, l)};
                               },
                               [&](const MoveLayer& l) -> ir::Operation {
                                 return ir::Move{l.input, l.output, l.offset, l.axes};
                               },
                               [&](const PadLayer&) -> ir::Operation {
                                 refuse(layer.node,
                                        "padding is only supported in front of a convolution or a maximum pool",
                                        "pad inside the operator that reads it");
                               }},
                    layer.kind);
}

// A refused layer is the host's: its operands go out, its result comes in.
void leave_to_host(const Network& network, const Layer& layer, ir::Graph& graph) {
  const auto port = [&](ValueId id) {
    return ir::GraphPort{id,
                         {.type = ir::HostView::Type::Int8, .shape = network.value(id).dims, .channels_first = false}};
  };
  for_each_input(layer.kind, [&](ValueId id) {
    if (!network.value(id).constant) graph.outputs.push_back(port(id));
  });
  std::visit([&](const auto& l) { graph.inputs.push_back(port(l.output)); }, layer.kind);
}

}  // namespace

ir::Graph lower(const Network& network, std::vector<LeftInFloat>* left) {
  ir::Graph graph;
  graph.format = network.format;
  const std::vector<bool> used = used_values(network);
  for (size_t i = 0; i < network.values.size(); ++i) {
    graph.tensors.push_back(used[i] ? lower_value(network.values[i]) : ir::Tensor{});
  }
  for (const Layer& layer : network.layers) {
    const LoweringContext context{network, layer.node};
    ir::Node node{.name = layer.node.name, .type = layer.node.type, .macs = 0, .operation = ir::Reshape{}};
    try {
      node.operation = lower_layer(context, layer, node.macs);
    } catch (const Refusal& refusal) {
      if (!left) throw;
      left->push_back(refusal.parts());
      leave_to_host(network, layer, graph);
      continue;
    }
    graph.nodes.push_back(std::move(node));
  }
  for (const Port& port : network.inputs) graph.inputs.push_back({port.value, port.view});
  for (const Port& port : network.outputs) graph.outputs.push_back({port.value, port.view});
  return graph;
}

}  // namespace zahl::frontend
