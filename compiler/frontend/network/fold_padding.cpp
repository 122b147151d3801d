#include "compiler/frontend/network/fold_padding.h"

#include <algorithm>
#include <map>

#include "compiler/frontend/network/rules.h"

namespace zahl::frontend {
namespace {

void add(ir::Padding& to, const ir::Padding& more) {
  to.top += more.top;
  to.bottom += more.bottom;
  to.left += more.left;
  to.right += more.right;
}

// Whether the layer can take the padding over, and does.
bool absorb(const Network& network, const PadLayer& pad, LayerKind& kind) {
  if (auto* conv = std::get_if<ConvLayer>(&kind)) {
    if (conv->is_matrix || pad.value != network.value(pad.input).zero_point) return false;
    add(conv->padding, pad.padding);
    conv->input = pad.input;
    return true;
  }
  if (auto* pool = std::get_if<PoolLayer>(&kind)) {
    if (pool->kind != PoolLayer::Kind::Maximum || pad.value != -128) return false;
    add(pool->padding, pad.padding);
    pool->input = pad.input;
    return true;
  }
  return false;
}

}  // namespace

void fold_padding(Network& network) {
  std::map<ValueId, size_t> pads;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (const auto* pad = std::get_if<PadLayer>(&network.layers[i].kind)) pads[pad->output] = i;
  }
  if (pads.empty()) return;
  const auto stuck = [&](size_t i) { refuse<kPaddingTaken>(network.layers[i].node); };
  for (Layer& layer : network.layers) {
    std::vector<size_t> read;
    for_each_input(layer.kind, [&](ValueId id) {
      if (const auto it = pads.find(id); it != pads.end()) read.push_back(it->second);
    });
    if (read.empty()) continue;
    const Layer& pad = network.layers[read.front()];
    if (read.size() > 1 || !absorb(network, std::get<PadLayer>(pad.kind), layer.kind))
      stuck(read.front());
    layer.node.name = pad.node.name + " + " + layer.node.name;
  }
  for (const Port& port : network.outputs) {
    if (pads.contains(port.value)) stuck(pads.at(port.value));
  }
  std::erase_if(network.layers,
                [](const Layer& layer) { return std::holds_alternative<PadLayer>(layer.kind); });
}

}  // namespace zahl::frontend
