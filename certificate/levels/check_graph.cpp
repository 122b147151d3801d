#include "certificate/levels/check_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/version.hpp>
#include <functional>
#include <numeric>
#include <set>

#include "explain/explanation_json.h"

namespace zahl::certificate {
namespace {

using Failures = std::vector<std::string>;
using Place = explain::Absorbed::Place;

const std::string& name_of(const explain::Explanation& e, const explain::LayerFacts& f) {
  return e.graph.nodes[f.node].name;
}

void no_node_in_float(const explain::Explanation& e, Level& level) {
  Failures failures;
  for (const auto& l : e.left)
    failures.push_back(
        fmt::format("node '{}' ({}) stays in float: {}", l.node.name, l.node.type, l.reason));
  add_check(level, "no node of the network is left in float", failures,
            fmt::format("{} nodes of the file became {} integer layers", e.source.nodes.size(),
                        e.graph.nodes.size()));
}

// A node without a layer may only prepare constants; the dimensions of a tensor are constants.
bool is_constant_folding(const explain::Explanation& e, int node, int depth = 0) {
  if (depth > 64) return false;
  const std::string& type = e.source.node(node).node.type;
  if (type == "Shape" || type == "Size" || type == "SHAPE") return true;
  return std::ranges::all_of(e.source.node(node).inputs, [&](int tensor) {
    if (tensor < 0 || e.source.tensor(tensor).is_constant) return true;
    const int producer = e.source.producer[static_cast<size_t>(tensor)];
    return producer >= 0 && is_constant_folding(e, producer, depth + 1);
  });
}

// Where nothing is left of a node that renames or reshapes: its bytes go from port to port.
bool passes_bytes(const explain::Explanation& e, const frontend::SourceNode& node) {
  if (!explain::keeps_bytes(e.source, node)) return false;
  const auto elements = [&](int tensor) {
    const auto& dims = e.source.tensor(tensor).dims;
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  };
  return node.outputs.size() == 1 && elements(node.inputs.at(0)) == elements(node.outputs.at(0));
}

// Nodes on which an output of the file depends.
std::vector<bool> needed_nodes(const explain::Explanation& e) {
  std::vector<bool> needed(e.source.nodes.size());
  std::vector<int> tensors = e.source.outputs;
  while (!tensors.empty()) {
    const int tensor = tensors.back();
    tensors.pop_back();
    const int node = tensor < 0 ? -1 : e.source.producer[static_cast<size_t>(tensor)];
    if (node < 0 || needed[static_cast<size_t>(node)]) continue;
    needed[static_cast<size_t>(node)] = true;
    const auto& inputs = e.source.node(node).inputs;
    tensors.insert(tensors.end(), inputs.begin(), inputs.end());
  }
  return needed;
}

void every_node_has_a_layer(const explain::Explanation& e, Level& level) {
  Failures failures;
  size_t folded = 0, pairs = 0;
  const std::vector<bool> needed = needed_nodes(e);
  for (size_t i = 0; i < e.source.nodes.size(); ++i) {
    const auto& node = e.source.nodes[i];
    if (explain::is_quantize(node) || explain::is_dequantize(node)) {
      ++pairs;
      continue;
    }
    if (e.layer_of_source[i].exists()) continue;
    if (is_constant_folding(e, static_cast<int>(i))) {
      ++folded;
      continue;
    }
    if (std::ranges::any_of(e.left, [&](const auto& l) { return l.node.name == node.node.name; }))
      continue;  // said above
    if (passes_bytes(e, node) || !needed[i]) continue;
    failures.push_back(
        fmt::format("node '{}' ({}) is in no layer", node.node.name, node.node.type));
  }
  add_check(level, "every node of the file is part of an integer layer, a pair, or a constant",
            failures,
            fmt::format("{} in layers, {} in pairs, {} computed when the model was read",
                        e.source.nodes.size() - pairs - folded, pairs, folded));
}

void every_edge_is_an_integer(const explain::Explanation& e, const Json& told, Level& level) {
  Failures failures;
  const std::string structure = ir::verify(e.graph);
  if (!structure.empty()) failures.push_back(structure);
  for (const ir::Tensor& t : e.graph.tensors) {
    if (!(t.scale > 0) || static_cast<double>(static_cast<float>(t.scale)) != t.scale) {
      failures.push_back(fmt::format(
          "edge '{}': its scale {} is not a positive float32 of the file", t.name, t.scale));
    }
  }
  Json edges = Json::array();
  for (const Json& edge : told["edges"]) {
    edges.push_back({{"name", edge["name"]},
                     {"type", edge["type"]},
                     {"shape", edge["shape"]},
                     {"zero_point", edge["zero_point"]},
                     {"scale", edge["scale"]["exact"]}});
  }
  add_check(level, "every edge on the device is int8 with one zero point", failures,
            fmt::format("{} edges", e.graph.tensors.size()), {{"edges", edges}});
}

void every_pair_is_absorbed(const explain::Explanation& e, const Json& told, Level& level) {
  Failures failures;
  size_t absorbed = 0, host = 0;
  for (const explain::Absorbed& a : e.absorbed) {
    const auto& node = e.source.node(a.node).node;
    if (a.place == Place::Float)
      failures.push_back(fmt::format("'{}' ({}) stays: it {}", node.name, node.type, a.what));
    if (!a.problem.empty())
      failures.push_back(fmt::format("'{}' ({}): {}", node.name, node.type, a.problem));
    if (a.place == Place::HostInput || a.place == Place::HostOutput) ++host;
    if (a.place == Place::Layer || a.place == Place::Vanished) ++absorbed;
  }
  Json pairs = Json::array();
  for (const Json& p : told["pairs"])
    pairs.push_back(
        {{"node", p["node"]}, {"place", p["place"]}, {"layer", p["layer"]}, {"role", p["role"]}});
  add_check(level, "every Quantize and Dequantize node is absorbed, or is the host's", failures,
            fmt::format("{} absorbed, {} at the host boundary", absorbed, host),
            {{"pairs", pairs}});
}

void every_factor_is_fixed_point(const explain::Explanation& e, Level& level) {
  Failures failures;
  Json factors = Json::array();
  explain::Rational largest = 0;
  size_t count = 0;
  for (const explain::LayerFacts& f : e.layers) {
    for (const explain::Factor& m : f.factors) {
      ++count;
      const explain::Rational error = m.error();
      largest = std::max(largest, explain::Rational(boost::multiprecision::abs(error)));
      if (!m.holds()) {
        failures.push_back(fmt::format(
            "layer '{}', {}: {} * 2^-{} is not {} = {} (relative error {})", name_of(e, f), m.of,
            m.m0, m.shift, m.formula, explain::decimal(m.exact, 10), explain::decimal(error, 3)));
      }
      factors.push_back({{"layer", name_of(e, f)},
                         {"of", m.of},
                         {"exact", explain::fraction(m.exact)},
                         {"m0", m.m0},
                         {"shift", m.shift},
                         {"relative_error", explain::fraction(error)}});
    }
  }
  add_check(
      level, "every factor M is M0 * 2^-n, no further off than rounding to 31 bits explains",
      failures,
      fmt::format("{} factors, largest relative error {}", count, explain::decimal(largest, 3)),
      {{"factors", factors}});
}

void file_and_graph_agree(const explain::Explanation& e, Level& level) {
  Failures failures;
  for (const explain::LayerFacts& f : e.layers) {
    for (const std::string& problem : f.problems)
      failures.push_back(fmt::format("layer '{}': {}", name_of(e, f), problem));
  }
  add_check(level, "zero points and scales of every layer are the file's", failures,
            fmt::format("{} layers", e.layers.size()));
}

void every_sum_fits(const explain::Explanation& e, const Json& told, Level& level) {
  Failures failures;
  Json sums = Json::array();
  for (size_t i = 0; i < e.layers.size(); ++i) {
    const Json& layer = told["layers"][i];
    if (!layer.contains("accumulator")) continue;
    const Json& sum = layer["accumulator"];
    sums.push_back({{"layer", layer["name"]},
                    {"low", sum["low"]},
                    {"high", sum["high"]},
                    {"bits", sum["bits"]},
                    {"available_bits", sum["available_bits"]}});
    if (!sum["fits"].get<bool>()) {
      failures.push_back(
          fmt::format("layer '{}': its sum lies between {} and {}, which needs {} bits of {}",
                      layer["name"].get<std::string>(), sum["low"].get<std::string>(),
                      sum["high"].get<std::string>(), sum["bits"].get<int>(),
                      sum["available_bits"].get<int>()));
    }
  }
  add_check(level, "no sum can leave its accumulator, whatever the input", failures,
            fmt::format("{} layers with sums", sums.size()), {{"sums", sums}});
}

// What the file calls its ports, in its own types and shapes, is what the host takes and delivers.
void compare_ports(const explain::Explanation& e, const std::vector<int>& file, const Json& device,
                   std::string_view side, Failures& failures) {
  std::set<std::string> names;  // an input has a port for each scale on which it is quantized
  for (const Json& port : device) names.insert(port["name"].get<std::string>());
  const size_t ports = side == "input" ? names.size() : device.size();
  if (file.size() != ports) {
    failures.push_back(fmt::format(
        "the file has {} {}s, the device has {}: bytes go back to the host inside the network",
        file.size(), side, ports));
  }
  for (const int id : file) {
    const auto& tensor = e.source.tensor(id);
    const auto port = std::ranges::find_if(
        device, [&](const Json& p) { return p["name"].get<std::string>() == tensor.name; });
    if (port == device.end()) {
      failures.push_back(fmt::format("the file's {} '{}' is missing", side, tensor.name));
    } else if (const auto type = (*port)["user_type"].get<std::string>();
               tensor.type != "?" && tensor.type != type) {
      failures.push_back(fmt::format("the file's {} '{}' is {}, here it is {}", side, tensor.name,
                                     tensor.type, type));
    }
  }
}

void the_boundary_is_the_files(const explain::Explanation& e, const Json& told, Level& level) {
  Failures failures;
  compare_ports(e, e.source.inputs, told["host"]["inputs"], "input", failures);
  compare_ports(e, e.source.outputs, told["host"]["outputs"], "output", failures);
  add_check(level, "the host touches the file's inputs and outputs and nothing between", failures,
            fmt::format("{} inputs, {} outputs", e.graph.inputs.size(), e.graph.outputs.size()),
            {{"host", told["host"]}});
}

}  // namespace

Level check_graph(const explain::Explanation& e) {
  const auto start = std::chrono::steady_clock::now();
  Level level{.number = 1, .title = "Graph"};
  const Json told = explain::explanation_json(e);
  no_node_in_float(e, level);
  every_node_has_a_layer(e, level);
  every_edge_is_an_integer(e, told, level);
  every_pair_is_absorbed(e, told, level);
  every_factor_is_fixed_point(e, level);
  file_and_graph_agree(e, level);
  every_sum_fits(e, told, level);
  the_boundary_is_the_files(e, told, level);
  level.tools["boost.multiprecision"] = BOOST_LIB_VERSION;
  if (!e.path.empty()) level.hashes[e.path] = sha256_of_file(e.path);
  level.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return level;
}

}  // namespace zahl::certificate
