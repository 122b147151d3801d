#include "explain/explanation_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDigits = 10;

std::string shape_text(const ir::Shape& s) {
  return s.h == 1 && s.w == 1 ? fmt::format("{}", s.c) : fmt::format("{}x{}x{}", s.h, s.w, s.c);
}

Json scale_json(float scale) {
  const Rational x = exact(static_cast<double>(scale));
  return {{"value", scale}, {"exact", fraction(x)}, {"text", decimal(x, 7)}};
}

Json factor_json(const Factor& f) {
  const Rational error = f.error();
  return {{"of", f.of},
          {"formula", f.formula},
          {"exact", fraction(f.exact)},
          {"decimal", decimal(f.exact, kDigits)},
          {"short", decimal(f.exact, 7)},
          {"m0", f.m0},
          {"shift", f.shift},
          {"relative_error", decimal(error, 3)},
          {"relative_error_exact", fraction(error)},
          {"error_bits", error == 0 ? Json() : Json(bits_below_one(error))},
          {"holds", f.holds()}};
}

const Factor* worst_of(const LayerFacts& f) {
  const auto size = [](const Factor& x) { return Rational(boost::multiprecision::abs(x.error())); };
  const Factor* worst = nullptr;
  for (const Factor& x : f.factors) {
    if (!worst || size(x) > size(*worst)) worst = &x;
  }
  return worst;
}

class Writer {
 public:
  explicit Writer(const Explanation& e) : explanation_(e) {}

  Json layer(const LayerFacts& f) const {
    const ir::Node& node = explanation_.graph.nodes[f.node];
    Json files = Json::array();
    for (int id : f.source) files.push_back(explanation_.source.node(id).node.name);
    Json j = {{"name", node.name},    {"title", title_of(f.node)}, {"operator", node.type},
              {"kind", f.kind},       {"macs", node.macs},         {"file_nodes", files},
              {"formula", f.formula}, {"numbers", f.numbers}};
    j["inputs"] = ir::inputs_of(node.operation);
    j["output"] = ir::output_of(node.operation);
    j["rounding"] = f.rounding
                        ? Json(std::string(isa::kRoundingNames[static_cast<size_t>(*f.rounding)]))
                        : Json();
    j["zero_points"] = {{"Zx", f.zx}, {"Zw", f.zw}, {"Zy", f.zy}};
    j["clamp"] = {{"low", f.low}, {"high", f.high}, {"meaning", f.clamp}};
    j["table"] = f.has_table;
    j["scales"] = scales(f);
    j["factors"] = Json::array();
    for (const Factor& x : f.factors) j["factors"].push_back(factor_json(x));
    if (const Factor* worst = worst_of(f)) j["worst_factor"] = factor_json(*worst);
    if (f.accumulator_low) j["accumulator"] = accumulator(f);
    j["pairs"] = Json::array();
    for (const Absorbed& a : explanation_.absorbed) {
      if (a.place == Absorbed::Place::Layer && a.layer == f.node) j["pairs"].push_back(pair(a));
    }
    j["problems"] = f.problems;
    return j;
  }

  Json edges() const {
    Json edges = Json::array();
    for (ir::TensorId id : explanation_.graph.tensors.ids()) {
      const ir::Tensor& t = explanation_.graph.tensors[id];
      Json readers = Json::array(), writer;
      for (const ir::Node& node : explanation_.graph.nodes) {
        const auto inputs = ir::inputs_of(node.operation);
        if (std::ranges::find(inputs, id) != inputs.end()) readers.push_back(node.name);
        if (ir::output_of(node.operation) == id) writer = node.name;
      }
      const auto is_port = [&](const std::vector<ir::GraphPort>& ports) {
        return std::ranges::any_of(ports, [&](const ir::GraphPort& p) { return p.tensor == id; });
      };
      edges.push_back({{"name", t.name},
                       {"type", "int8"},
                       {"shape", shape_text(t.shape)},
                       {"elements", t.shape.elements()},
                       {"zero_point", t.zero_point},
                       {"scale", scale_json(static_cast<float>(t.scale))},
                       {"from", writer},
                       {"to", readers},
                       {"is_constant", t.constant.has_value()},
                       {"is_input", is_port(explanation_.graph.inputs)},
                       {"is_output", is_port(explanation_.graph.outputs)}});
    }
    return edges;
  }

  Json pair(const Absorbed& a) const {
    static constexpr std::array<const char*, 5> kPlaces = {"layer", "host input", "host output",
                                                           "float", "vanished"};
    const auto& node = explanation_.source.node(a.node).node;
    const SourceScaling s = scaling_of_pair(explanation_.source, a.node);
    return {{"node", node.name},
            {"operator", node.type},
            {"place", kPlaces[static_cast<size_t>(a.place)]},
            {"layer", a.layer.exists() ? Json(explanation_.graph.nodes[a.layer].name) : Json()},
            {"layer_title", a.layer.exists() ? Json(title_of(a.layer)) : Json()},
            {"role", a.role},
            {"what", a.what},
            {"scale", s.scales.size() == 1 ? scale_json(s.scales.front()) : Json()},
            {"scales", s.scales.size()},
            {"zero_point", s.zero_points.empty() ? Json() : Json(s.zero_points.front())},
            {"problem", a.problem}};
  }

  Json summary() const {
    using Place = Absorbed::Place;
    const auto count = [&](Place place) {
      return std::ranges::count_if(explanation_.absorbed,
                                   [&](const Absorbed& a) { return a.place == place; });
    };
    const auto quantize = std::ranges::count_if(explanation_.absorbed, [&](const Absorbed& a) {
      return is_quantize(explanation_.source.node(a.node));
    });
    int64_t macs = 0;
    for (const ir::Node& node : explanation_.graph.nodes) macs += node.macs;
    return {{"file_nodes", explanation_.source.nodes.size()},
            {"quantize_nodes", quantize},
            {"dequantize_nodes", static_cast<int64_t>(explanation_.absorbed.size()) - quantize},
            {"absorbed", count(Place::Layer) + count(Place::Vanished)},
            {"at_host", count(Place::HostInput) + count(Place::HostOutput)},
            {"in_float", count(Place::Float)},
            {"layers", explanation_.graph.nodes.size()},
            {"macs", macs},
            {"left_in_float", explanation_.left.size()},
            {"dynamic_nodes", explanation_.dynamic_nodes}};
  }

 private:
  static Json accumulator(const LayerFacts& f) {
    // Two's complement: -2^(bits - 1) .. 2^(bits - 1) - 1.
    const Integer size = std::max(Integer(-*f.accumulator_low - 1), *f.accumulator_high);
    const int bits = size <= 0 ? 1 : static_cast<int>(boost::multiprecision::msb(size)) + 2;
    return {{"low", f.accumulator_low->str()},
            {"high", f.accumulator_high->str()},
            {"bits", bits},
            {"available_bits", f.accumulator_bits},
            {"fits", bits <= f.accumulator_bits}};
  }

  static Json scales(const LayerFacts& f) {
    Json j;
    if (f.sx.size() == 2) {
      j["Sa"] = scale_json(f.sx[0]);
      j["Sb"] = scale_json(f.sx[1]);
    } else if (!f.sx.empty()) {
      j["Sx"] = scale_json(f.sx[0]);
    }
    if (!f.sw.empty()) {
      const auto [low, high] = std::ranges::minmax(f.sw);
      j["Sw"] = {{"count", f.sw.size()},
                 {"first", scale_json(f.sw.front())},
                 {"lowest", scale_json(low)},
                 {"highest", scale_json(high)}};
    }
    if (f.sy) j["Sy"] = scale_json(*f.sy);
    return j;
  }

  // What tables call a layer: the node that names its operator, and how many others it stands for.
  std::string title_of(ir::NodeId layer) const {
    const LayerFacts& f = explanation_.layers[layer];
    const std::string main = f.main < 0 ? explanation_.graph.nodes[layer].name
                                        : explanation_.source.node(f.main).node.name;
    return f.source.size() > 1 ? fmt::format("{} +{}", main, f.source.size() - 1) : main;
  }

  const Explanation& explanation_;
};

// Whether a port of the device is one of the user's, not the edge of an island of float inside the
// network.
bool is_users_port(const Explanation& e, const std::string& tensor, bool is_input) {
  if (e.left.empty()) return true;
  const auto is_named = [&](int id) { return e.source.tensor(id).name == tensor; };
  if (is_input && std::ranges::any_of(e.source.inputs, is_named)) return true;
  return std::ranges::any_of(e.absorbed, [&](const Absorbed& a) {
    const auto& node = e.source.node(a.node);
    if (a.place == Absorbed::Place::HostInput) return is_input && is_named(node.outputs.at(0));
    if (a.place != Absorbed::Place::HostOutput || is_input) return false;
    const int writer = e.source.producer[static_cast<size_t>(node.inputs.at(0))];
    return is_named(node.inputs.at(0)) ||
           (writer >= 0 && is_named(e.source.node(writer).inputs.at(0)));
  });
}

Json host_json(const Explanation& e) {
  static constexpr std::array<const char*, 3> kTypes = {"float32", "int8", "uint8"};
  const auto ports = [&](const std::vector<ir::GraphPort>& list, bool is_input) {
    Json result = Json::array();
    for (const ir::GraphPort& port : list) {
      const ir::Tensor& t = e.graph.tensors[port.tensor];
      result.push_back({{"name", ir::name_of(e.graph, port)},
                        {"user_type", kTypes[static_cast<size_t>(port.view.type)]},
                        {"user_shape", port.view.shape},
                        {"device_shape", shape_text(t.shape)},
                        {"scale", scale_json(static_cast<float>(t.scale))},
                        {"zero_point", t.zero_point},
                        {"is_users", is_users_port(e, ir::name_of(e.graph, port), is_input)}});
    }
    return result;
  };
  return {{"inputs", ports(e.graph.inputs, true)}, {"outputs", ports(e.graph.outputs, false)}};
}

}  // namespace

Json explanation_json(const Explanation& e) {
  const Writer writer(e);
  Json json = {{"schema", kExplainSchema},
               {"network", e.name},
               {"model_format", e.format},
               {"summary", writer.summary()}};
  json["host"] = host_json(e);
  json["layers"] = Json::array();
  for (const LayerFacts& f : e.layers) json["layers"].push_back(writer.layer(f));
  json["edges"] = writer.edges();
  json["pairs"] = Json::array();
  for (const Absorbed& a : e.absorbed) json["pairs"].push_back(writer.pair(a));
  json["left_in_float"] = Json::array();
  for (const auto& l : e.left) {
    json["left_in_float"].push_back({{"node", l.node.name},
                                     {"operator", l.node.type},
                                     {"reason", l.reason},
                                     {"remedy", l.remedy},
                                     {"follows", l.follows}});
  }
  return json;
}

}  // namespace zahl::explain
