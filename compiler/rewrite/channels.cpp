#include "compiler/rewrite/channels.h"

#include <algorithm>
#include <map>

namespace zahl::rewrite {
namespace {

template <typename T>
std::vector<T> taken(const std::vector<T>& values, const Range& range, size_t stride = 1) {
  const auto begin =
      values.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(range.first) * stride);
  return {begin, begin + static_cast<ptrdiff_t>(static_cast<size_t>(range.count) * stride)};
}

ir::Requant taken(const ir::Requant& requant, const Range& range) {
  ir::Requant part = requant;
  part.bias = taken(requant.bias, range);
  if (requant.m0.size() > 1) {
    part.m0 = taken(requant.m0, range);
    part.shift = taken(requant.shift, range);
  }
  return part;
}

using Slices = std::vector<std::pair<ir::NodeId, Range>>;  // nodes, and the channels that they take

const ir::Shape& shape_of(const ir::Graph& graph, ir::TensorId id) {
  return graph.tensors[id].shape;
}

// The readers of the convolution where all are slices that together take no channel twice; else
// none.
Slices slices_of(const ir::Graph& graph, const ir::Conv& conv,
                 const std::vector<ir::NodeId>& readers) {
  const ir::Shape& whole = shape_of(graph, conv.output);
  Slices slices;
  int sum = 0;
  for (ir::NodeId reader : readers) {
    const auto* move = std::get_if<ir::Move>(&graph.nodes[reader].operation);
    if (!move) return {};
    const ir::Shape& part = shape_of(graph, move->output);
    const auto first = ir::channel_slice(*move, whole, part);
    if (!first) return {};
    slices.push_back({reader, {*first, part.c}});
    sum += part.c;
  }
  const bool is_output = std::ranges::any_of(
      graph.outputs, [&](const ir::GraphPort& port) { return port.tensor == conv.output; });
  return conv.groups != 1 || is_output || sum > whole.c ? Slices{} : slices;
}

ir::Node cut(const ir::Node& node, const ir::Conv& conv, const ir::Node& slice,
             const Range& range) {
  const size_t outputs = conv.requant.bias.size();
  ir::Conv part = conv;
  part.output = ir::output_of(slice.operation);
  part.weights = taken(conv.weights, range, conv.weights.size() / outputs);
  part.requant = taken(conv.requant, range);
  const int64_t macs = node.macs * range.count / static_cast<int64_t>(outputs);
  return {node.name + " + " + slice.name, node.type, macs, std::move(part)};
}

}  // namespace

ir::Operation on_channels(const ir::Depthwise& op, const Range& range) {
  ir::Depthwise part = op;
  part.requant = taken(op.requant, range);
  part.weights.clear();
  const size_t channels = op.requant.bias.size();
  for (size_t tap = 0; tap < op.weights.size(); tap += channels) {
    const auto begin = op.weights.begin() + static_cast<ptrdiff_t>(tap) + range.first;
    part.weights.insert(part.weights.end(), begin, begin + range.count);
  }
  return part;
}
ir::Operation on_channels(const ir::MaxPool& op, const Range& range) {
  ir::MaxPool part = op;
  part.requant = taken(op.requant, range);
  return part;
}
ir::Operation on_channels(const ir::AveragePool& op, const Range&) { return op; }
ir::Operation on_channels(const ir::Lookup& op, const Range&) { return op; }

void cut_convolutions(ir::Graph& graph) {
  std::map<ir::TensorId, std::vector<ir::NodeId>> readers;
  for (ir::NodeId n : graph.nodes.ids()) {
    for (ir::TensorId id : ir::inputs_of(graph.nodes[n].operation)) readers[id].push_back(n);
  }
  ir::Indexed<ir::NodeId, ir::Node> nodes;
  ir::Indexed<ir::NodeId, bool> is_done(graph.nodes.size());
  for (ir::NodeId n : graph.nodes.ids()) {
    if (is_done[n]) continue;
    const ir::Node& node = graph.nodes[n];
    const auto* conv = std::get_if<ir::Conv>(&node.operation);
    const Slices slices = conv ? slices_of(graph, *conv, readers[conv->output]) : Slices{};
    if (slices.empty()) nodes.add(node);
    for (const auto& [reader, range] : slices) {
      nodes.add(cut(node, *conv, graph.nodes[reader], range));
      is_done[reader] = true;
    }
  }
  graph.nodes = std::move(nodes);
}

}  // namespace zahl::rewrite
