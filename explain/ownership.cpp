// Which layer of the graph each node of the file became part of. A layer's name is made of the
// names of its nodes.
#include <algorithm>
#include <map>
#include <set>

#include "explain/explanation.h"

namespace zahl::explain {
namespace {

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t end; (end = name.find(" + ", at)) != std::string::npos; at = end + 3)
    parts.push_back(name.substr(at, end - at));
  parts.push_back(name.substr(at));
  return parts;
}

bool is_pair(const frontend::SourceNode& node) { return is_quantize(node) || is_dequantize(node); }

// The nodes of the file that the name of layer k names.
void claim(Explanation& e, const std::multimap<std::string, int>& by_name, ir::NodeId k) {
  LayerFacts& facts = e.layers[k];
  int shared = -1;  // a node that two layers finish on two scales: the first has claimed it
  for (const std::string& part : parts_of(e.graph.nodes[k].name)) {
    const auto [begin, end] = by_name.equal_range(part);
    for (auto it = begin; it != end; ++it) {
      const std::string& type = e.graph.nodes[k].type;  // a Bias is the second half of its layer
      if (shared < 0 && (type == "Bias" || e.source.node(it->second).node.type == type))
        shared = it->second;
      ir::NodeId& owner = e.layer_of_source[static_cast<size_t>(it->second)];
      if (owner.exists() || is_pair(e.source.node(it->second))) continue;
      owner = k;
      facts.source.push_back(it->second);
      if (facts.main < 0 && e.source.node(it->second).node.type == e.graph.nodes[k].type)
        facts.main = it->second;
      break;  // a name that occurs twice: the next layer of that name takes the next node
    }
  }
  if (facts.main < 0) facts.main = shared;
  if (facts.main < 0 && !facts.source.empty()) facts.main = facts.source.front();
}

}  // namespace

// Nodes of which nothing may be left: the same bytes, under another shape at most. TFLite's
// QUANTIZE is one where it only re-labels uint8 as int8.
bool keeps_bytes(const SourceGraph& source, const frontend::SourceNode& node) {
  static const std::set<std::string> kTypes = {"Identity",
                                               "Dropout",
                                               "Reshape",
                                               "Flatten",
                                               "Transpose",
                                               "Squeeze",
                                               "Unsqueeze",
                                               "Split",
                                               "Slice",
                                               "Resize",
                                               "Upsample",
                                               "DepthToSpace",
                                               "SpaceToDepth",
                                               "RESHAPE",
                                               "SQUEEZE",
                                               "EXPAND_DIMS",
                                               "TRANSPOSE",
                                               "SPLIT",
                                               "SPLIT_V",
                                               "SLICE",
                                               "STRIDED_SLICE",
                                               "RESIZE_NEAREST_NEIGHBOR",
                                               "DEPTH_TO_SPACE",
                                               "SPACE_TO_DEPTH",
                                               "Gather",
                                               "Tile",
                                               "Expand",
                                               "Pad",
                                               "GATHER",
                                               "TILE",
                                               "BROADCAST_TO",
                                               "REVERSE_V2",
                                               "PACK",
                                               "UNPACK",
                                               "PAD",
                                               "PADV2",
                                               "MIRROR_PAD"};
  if (node.node.type != "QUANTIZE") return kTypes.contains(node.node.type);
  const auto &from = source.tensor(node.inputs.at(0)), &to = source.tensor(node.outputs.at(0));
  const auto zero_point = [](const frontend::SourceTensor& t) {
    return t.zero_points.front() - (t.type == "uint8" ? 128 : 0);
  };
  return from.scales.size() == 1 && from.scales == to.scales && zero_point(from) == zero_point(to);
}

namespace {

// Such a node belongs where its operand was made or, behind a graph input, where its result is
// read.
ir::NodeId owner_behind(const Explanation& e, int id) {
  for (int step = 0; step < 64; ++step) {
    const auto& node = e.source.node(id);
    if (node.inputs.empty() || node.inputs.front() < 0) return {};
    id = e.source.producer[static_cast<size_t>(node.inputs.front())];
    if (id < 0) return {};
    if (const ir::NodeId owner = e.layer_of_source[static_cast<size_t>(id)]; owner.exists())
      return owner;
  }
  return {};
}

// The layer that leaves output k of the file in memory.
ir::NodeId owner_of_output(const Explanation& e, size_t k) {
  if (k >= e.graph.outputs.size()) return {};
  for (ir::NodeId layer : e.graph.nodes.ids()) {
    if (ir::output_of(e.graph.nodes[layer].operation) == e.graph.outputs[k].tensor) return layer;
  }
  return {};
}

ir::NodeId owner_ahead(const Explanation& e, int id, int depth = 0) {
  if (depth > 64) return {};
  for (int result : e.source.node(id).outputs) {
    if (result < 0) continue;
    for (size_t k = 0; k < e.source.outputs.size(); ++k) {
      if (e.source.outputs[k] != result) continue;
      if (const ir::NodeId owner = owner_of_output(e, k); owner.exists()) return owner;
    }
    for (int reader : e.source.readers[static_cast<size_t>(result)]) {
      ir::NodeId owner = e.layer_of_source[static_cast<size_t>(reader)];
      const auto& node = e.source.node(reader);
      if (!owner.exists() && (is_pair(node) || keeps_bytes(e.source, node)))
        owner = owner_ahead(e, reader, depth + 1);
      if (owner.exists()) return owner;
    }
  }
  return {};
}

}  // namespace

void assign_owners(Explanation& e) {
  std::multimap<std::string, int> by_name;
  for (size_t i = 0; i < e.source.nodes.size(); ++i)
    by_name.emplace(e.source.nodes[i].node.name, static_cast<int>(i));
  e.layer_of_source.assign(e.source.nodes.size(), ir::NodeId::none());
  // A Reshape that the reader put in has the name of the layer that it serves, which takes the
  // file's node first.
  for (const bool is_move : {false, true}) {
    for (ir::NodeId k : e.graph.nodes.ids()) {
      const ir::Operation& op = e.graph.nodes[k].operation;
      if ((std::holds_alternative<ir::Reshape>(op) || std::holds_alternative<ir::Move>(op)) ==
          is_move)
        claim(e, by_name, k);
    }
  }
  const auto is_left = [&](const frontend::SourceNode& node) {
    return std::ranges::any_of(e.left,
                               [&](const auto& l) { return l.node.name == node.node.name; });
  };
  for (size_t i = 0; i < e.source.nodes.size(); ++i) {
    const auto& node = e.source.nodes[i];
    if (e.layer_of_source[i].exists() || is_pair(node) || !keeps_bytes(e.source, node) ||
        is_left(node))
      continue;
    ir::NodeId owner = owner_behind(e, static_cast<int>(i));
    if (!owner.exists()) owner = owner_ahead(e, static_cast<int>(i));
    e.layer_of_source[i] = owner;
    if (owner.exists()) e.layers[owner].source.push_back(static_cast<int>(i));
  }
}

}  // namespace zahl::explain
