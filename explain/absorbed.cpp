// What became of each Quantize and Dequantize node.
#include <fmt/format.h>

#include <algorithm>

#include "explain/explanation.h"

namespace zahl::explain {
namespace {

using frontend::SourceNode;
using Place = Absorbed::Place;

class Follower {
 public:
  explicit Follower(const Explanation& e) : explanation_(e), source_(e.source) {}

  Absorbed follow(int id) const {
    Absorbed result{.node = id};
    is_quantize(source_.node(id)) ? quantize(result) : dequantize(result);
    return result;
  }

 private:
  bool is_graph_input(int tensor) const {
    return std::ranges::find(source_.inputs, tensor) != source_.inputs.end();
  }
  bool is_graph_output(int tensor) const {
    return std::ranges::find(source_.outputs, tensor) != source_.outputs.end();
  }
  bool is_left(int node) const {
    return node >= 0 && std::ranges::any_of(explanation_.left, [&](const auto& l) {
             return l.node.name == source_.node(node).node.name;
           });
  }
  const std::string& layer_name(ir::NodeId layer) const {
    return explanation_.graph.nodes[layer].name;
  }
  ir::NodeId owner(int node) const {
    return node < 0 ? ir::NodeId::none() : explanation_.layer_of_source[static_cast<size_t>(node)];
  }

  void quantize(Absorbed& a) const {
    const int tensor = source_.node(a.node).inputs.at(0);
    const int producer = source_.producer[static_cast<size_t>(tensor)];
    if (is_left(a.node) || is_left(producer)) {
      a.place = Place::Float;
      a.role = "host";
      a.what = "is computed on the host, behind a node that is left in float";
    } else if (is_graph_input(tensor)) {
      a.place = Place::HostInput;
      a.role = "host";
      a.what = "is computed by the host, once, before the first byte enters the device";
      check_port(a, explanation_.graph.inputs, tensor);
    } else if (source_.tensor(tensor).is_constant) {
      at_reader(a, source_.node(a.node).outputs.at(0),
                "was computed when the model was read: the constant is int8");
    } else if (const ir::NodeId layer = owner(producer); layer.exists()) {
      in_layer(a, layer, producer);
    } else if (producer >= 0 && is_dequantize(source_.node(producer))) {
      a.place = Place::Vanished;
      a.role = "rescale";
      a.what = "follows its own DequantizeLinear: the same bytes, or one table";
    } else {
      a.what = "is read by nobody";
    }
  }

  // A QuantizeLinear behind a node of `layer`.
  void in_layer(Absorbed& a, ir::NodeId layer, int producer) const {
    const LayerFacts& facts = explanation_.layers[layer];
    a.place = Place::Layer;
    a.layer = layer;
    const SourceScaling own = scaling_of_pair(source_, a.node);
    const auto results = result_scalings(source_, facts.main);
    const bool is_requantization =
        leads_to(facts.main, producer) &&
        std::ranges::any_of(results, [&](const SourceScaling& result) {
          return own.scales == result.scales && own.zero_points == result.zero_points;
        });
    if (facts.kind == "move") {
      a.role = "moves";
      a.what = "vanishes: the layer only rearranges bytes";
    } else if (is_requantization && facts.kind != "table") {
      a.role = "requantization";
      a.what = "is the requantization: its scale is in M, its zero point is added after rounding";
    } else {
      a.role = "table";
      a.what = "is in the 256 entries of the layer's table";
    }
    check_edge(a, source_.node(a.node).inputs.at(0), own);
  }

  // Whether `to` is `from`, or behind it without a Quantize between them.
  bool leads_to(int from, int to) const {
    for (int step = 0; step < 16 && to >= 0; ++step) {
      if (to == from) return true;
      const auto& inputs = source_.node(to).inputs;
      to = inputs.empty() || inputs.front() < 0
               ? -1
               : source_.producer[static_cast<size_t>(inputs.front())];
      if (to >= 0 && is_dequantize(source_.node(to))) return false;
    }
    return false;
  }

  void dequantize(Absorbed& a) const {
    const int result = source_.node(a.node).outputs.at(0);
    if (is_left(a.node)) {
      a.place = Place::Float;
      a.role = "host";
      a.what = "is left in float";
      return;
    }
    if (is_graph_output(result)) {
      a.place = Place::HostOutput;
      a.role = "host";
      a.what = "is computed by the host, once, after the last byte left the device";
      return;
    }
    at_reader(a, result, "");
    const int bytes = source_.node(a.node).inputs.at(0);
    if (a.place == Place::Layer && !source_.tensor(bytes).is_constant) check_pair(a, bytes);
  }

  void at_reader(Absorbed& a, int tensor, const std::string& what) const {
    for (int reader : source_.readers[static_cast<size_t>(tensor)]) {
      if (is_dequantize(source_.node(reader)))
        return at_reader(a, source_.node(reader).outputs.at(0), what);
      if (is_quantize(source_.node(reader))) {
        a.role = "rescale";
        a.what = "precedes a QuantizeLinear: the same bytes, or one table";
        continue;
      }
      if (is_left(reader)) {
        a.place = Place::Float;
        a.role = "host";
        a.what = fmt::format("stays in float: {} reads it", source_.node(reader).node.name);
        return;
      }
      if (!owner(reader).exists()) continue;
      a.place = Place::Layer;
      a.layer = owner(reader);
      describe_operand(a, reader, tensor);
      if (!what.empty()) a.what = what;
      return;
    }
    if (a.what.empty()) a.what = "is read by nobody";
  }

  void describe_operand(Absorbed& a, int reader, int tensor) const {
    const LayerFacts& facts = explanation_.layers[a.layer];
    const auto& inputs = source_.node(reader).inputs;
    const auto operand = std::ranges::find(inputs, tensor) - inputs.begin();
    const bool is_product = facts.kind == "conv" || facts.kind == "depthwise";
    if (facts.kind == "move" || (reader != facts.main && is_move(reader))) {
      a.role = "moves";
      a.what = "vanishes: the layer only rearranges bytes";
    } else if (reader != facts.main) {
      a.role = is_product && source_.tensor(source_.node(a.node).inputs.at(0)).is_constant
                   ? "bias"
                   : "table";
      a.what = a.role == "bias" ? "is the int32 bias, on the scale Sx * Sw of the products"
                                : "is in the 256 entries of the layer's table";
    } else if (is_product && operand == 1) {
      a.role = "weights";
      a.what = "is in M (its scales) and in w - Zw (its zero points); the weights stay int8";
    } else if (is_product && operand == 2) {
      a.role = "bias";
      a.what = "is the int32 bias, on the scale Sx * Sw of the products";
    } else if (facts.kind == "table") {
      a.role = "table";
      a.what = "is in the 256 entries of the layer's table";
    } else {
      a.role = "input";
      a.what = is_product
                   ? "is in M (its scale) and in the bias: b - Zx * sum(w - Zw) (its zero point)"
                   : "is in M (its scale) and in x - Zx (its zero point)";
    }
  }

  bool is_move(int node) const {
    static const std::vector<std::string> kMoves = {"Reshape",   "Flatten",  "Transpose", "Squeeze",
                                                    "Unsqueeze", "Identity", "Dropout"};
    return std::ranges::find(kMoves, source_.node(node).node.type) != kMoves.end();
  }

  static std::string differs(const SourceScaling& own, double scale, int zero_point) {
    if (own.scales.size() == 1 && static_cast<double>(own.scales.front()) == scale &&
        own.zero_points.front() == zero_point)
      return "";
    return fmt::format(
        "the file says scale {} and zero point {}, the edge has scale {} and zero point {}",
        own.scales.empty() ? 0.0f : own.scales.front(),
        own.zero_points.empty() ? 0 : own.zero_points.front(), scale, zero_point);
  }

  // The device's edge of that name must carry the pair's own numbers.
  void check_edge(Absorbed& a, int tensor, const SourceScaling& own) const {
    for (const ir::Tensor& edge : explanation_.graph.tensors) {
      if (edge.name == source_.tensor(tensor).name && !is_ambiguous(edge.name))
        a.problem = differs(own, edge.scale, edge.zero_point);
    }
  }
  bool is_ambiguous(const std::string& name) const {
    return std::ranges::count_if(explanation_.graph.tensors,
                                 [&](const ir::Tensor& t) { return t.name == name; }) > 1;
  }
  void check_port(Absorbed& a, const std::vector<ir::GraphPort>& ports, int tensor) const {
    const int bytes = source_.is_tflite ? source_.node(a.node).outputs.at(0) : tensor;
    const std::string& name = source_.tensor(bytes).name;
    std::string problem;
    for (const ir::GraphPort& port : ports) {  // an input has one for each of its scales
      const ir::Tensor& edge = explanation_.graph.tensors[port.tensor];
      if (edge.name != name && ir::name_of(explanation_.graph, port) != name) continue;
      problem = differs(scaling_of_pair(source_, a.node), edge.scale, edge.zero_point);
      if (problem.empty()) return;
    }
    a.problem = problem;
  }
  // A DequantizeLinear must read on the scale on which its QuantizeLinear wrote.
  void check_pair(Absorbed& a, int bytes) const {
    const int writer = source_.producer[static_cast<size_t>(bytes)];
    if (writer < 0 || !is_quantize(source_.node(writer))) return;
    const SourceScaling own = scaling_of_pair(source_, a.node),
                        its = scaling_of_pair(source_, writer);
    if (own.scales == its.scales && own.zero_points == its.zero_points) return;
    a.what += "; it reads the bytes on another scale than they were written on";
  }

  const Explanation& explanation_;
  const SourceGraph& source_;
};

}  // namespace

void follow_pairs(Explanation& e) {
  const Follower follower(e);
  for (size_t i = 0; i < e.source.nodes.size(); ++i) {
    if (is_quantize(e.source.nodes[i]) || is_dequantize(e.source.nodes[i]))
      e.absorbed.push_back(follower.follow(static_cast<int>(i)));
  }
}

}  // namespace zahl::explain
