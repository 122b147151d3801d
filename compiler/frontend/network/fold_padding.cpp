#include "compiler/frontend/network/fold_padding.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/frontend/network/pieces.h"

namespace zahl::frontend {
namespace {

ir::Padding both(const ir::Padding& a, const ir::Padding& b) {
  return {.top = a.top + b.top,
          .bottom = a.bottom + b.bottom,
          .left = a.left + b.left,
          .right = a.right + b.right};
}

// Whether the layer can take the padding over, and does.
bool absorb(const Network& network, const PadLayer& pad, LayerKind& kind) {
  if (auto* conv = std::get_if<ConvLayer>(&kind)) {
    if (conv->is_matrix || pad.value != network.value(pad.input).zero_point) return false;
    conv->padding = both(conv->padding, pad.padding);
    conv->input = pad.input;
    return true;
  }
  if (auto* pool = std::get_if<PoolLayer>(&kind)) {
    const ir::Padding padding = both(pool->padding, pad.padding);
    // A window of nothing but padding has a maximum all the same.
    const bool is_seen = std::max(padding.top, padding.bottom) < pool->kernel_h &&
                         std::max(padding.left, padding.right) < pool->kernel_w;
    if (pool->kind != PoolLayer::Kind::Maximum || pad.value != -128 || !is_seen) return false;
    pool->padding = padding;
    pool->input = pad.input;
    return true;
  }
  if (auto* outer = std::get_if<PadLayer>(&kind)) {
    if (outer->value != pad.value) return false;
    outer->padding = both(outer->padding, pad.padding);
    outer->input = pad.input;
    return true;
  }
  return false;
}

// The padded map itself.
ValueId put_together(Network& network, const NodeName& node, const PadLayer& pad) {
  const Value output = network.value(pad.output);
  const size_t rank = output.order.size();  // three where the rows of the map are the images
  const auto h = static_cast<size_t>(output.order[rank - 3]),
             w = static_cast<size_t>(output.order[rank - 2]);
  const auto padded = [&](ValueId id, size_t axis, int before, int behind) {
    return before == 0 && behind == 0 ? id
                                      : gathered(network, node, id, axis,
                                                 padded_indices(network.value(id).dims[axis],
                                                                before, behind, Beyond::Filling),
                                                 output.name, static_cast<int8_t>(pad.value));
  };
  return padded(padded(pad.input, w, pad.padding.left, pad.padding.right), h, pad.padding.top,
                pad.padding.bottom);
}

}  // namespace

void fold_padding(Network& network) {
  std::map<ValueId, size_t> pads;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (const auto* pad = std::get_if<PadLayer>(&network.layers[i].kind)) pads[pad->output] = i;
  }
  if (pads.empty()) return;
  std::set<ValueId> wanted;  // padded maps that someone reads as they are
  for (Layer& layer : network.layers) {
    std::vector<ValueId> read;
    for_each_input(layer.kind, [&](ValueId id) {
      if (pads.contains(id)) read.push_back(id);
    });
    if (read.empty()) continue;
    const Layer& pad = network.layers[pads.at(read.front())];
    if (read.size() == 1 && absorb(network, std::get<PadLayer>(pad.kind), layer.kind)) {
      layer.node.name = pad.node.name + " + " + layer.node.name;
    } else {
      wanted.insert(read.begin(), read.end());
    }
  }
  for (const Port& port : network.outputs) {
    if (pads.contains(port.value)) wanted.insert(port.value);
  }
  std::map<ValueId, ValueId> made;
  const auto redirect = [&](ValueId& id) {
    if (const auto it = made.find(id); it != made.end()) id = it->second;
  };
  std::vector<Layer> layers = std::move(network.layers);
  network.layers.clear();
  for (Layer& layer : layers) {
    for_each_input(layer.kind, redirect);
    const auto* pad = std::get_if<PadLayer>(&layer.kind);
    if (!pad) {
      network.layers.push_back(std::move(layer));
    } else if (wanted.contains(pad->output)) {
      made[pad->output] = put_together(network, layer.node, *pad);
    }
  }
  for (Port& port : network.outputs) redirect(port.value);
}

}  // namespace zahl::frontend
