#include "explain/bands.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;
using Place = Absorbed::Place;

class Maker {
 public:
  Maker(const Explanation& e, const Json& layers)
      : explanation_(e), source_(e.source), layers_(layers) {}

  std::vector<Band> make() {
    std::map<int, size_t> band_of_left;
    std::vector<Band> bands;
    for (int id : source_.inputs) {
      bands.push_back({.key = -1, .inputs = {id}});
      set_input_text(bands.back(), id);
    }
    double last = -0.5;
    for (ir::NodeId k : explanation_.layers.ids()) {
      Band band{.kind = Band::Kind::Layer, .layer = k};
      band.nodes = explanation_.layers[k].source;
      band.key = explanation_.layers[k].main >= 0 ? explanation_.layers[k].main : last + 0.25;
      last = band.key;
      const Json& l = layers_[k.index()];
      band.label = l["title"];
      band.sub = l["operator"];
      if (l.contains("worst_factor")) {
        const Json& f = l["worst_factor"];
        const bool is_one = f["m0"] == 1 && f["shift"] == 0;
        band.sub2 = is_one ? "M = 1: the bytes are compared as they are"
                           : fmt::format("M = {} = {} * 2^-{}{}", f["short"].get<std::string>(),
                                         f["m0"].get<uint32_t>(), f["shift"].get<int>(),
                                         l["factors"].size() > 1 ? ", one a channel" : "");
      } else {
        band.sub2 = l["numbers"];
      }
      bands.push_back(std::move(band));
    }
    for (size_t i = 0; i < source_.nodes.size(); ++i) {
      const int id = static_cast<int>(i);
      if (!is_left(id)) continue;
      band_of_left[id] = bands.size();
      bands.push_back({.kind = Band::Kind::Left,
                       .key = static_cast<double>(i),
                       .nodes = {id},
                       .label = "stays in float, on the host",
                       .sub = source_.node(id).node.name});
    }
    for (const Absorbed& a : explanation_.absorbed) join(bands, band_of_left, a);
    for (int id : source_.outputs) add_output(bands, id);
    std::ranges::stable_sort(bands, {}, &Band::key);
    return bands;
  }

 private:
  bool is_left(int node) const {
    return std::ranges::any_of(explanation_.left, [&](const auto& l) {
      return l.node.name == source_.node(node).node.name;
    });
  }

  void set_input_text(Band& band, int tensor) const {
    const auto& t = source_.tensor(tensor);
    band.label = fmt::format("host: {} goes in", t.name);
    band.sub = t.type == "float32" ? "quantized once, before the first byte" : "bytes already";
  }

  // Who reads what a pair writes, then who writes what it reads.
  std::vector<int> neighbours(int pair) const {
    std::vector<int> result =
        source_.readers[static_cast<size_t>(source_.node(pair).outputs.at(0))];
    result.push_back(source_.producer[static_cast<size_t>(source_.node(pair).inputs.at(0))]);
    return result;
  }

  void join(std::vector<Band>& bands, const std::map<int, size_t>& band_of_left,
            const Absorbed& a) const {
    if (is_left(a.node)) return;
    if (a.place == Place::Layer) {
      const auto band = std::ranges::find(bands, a.layer, &Band::layer);
      return band->nodes.push_back(a.node);
    }
    if (a.place == Place::HostInput) {
      for (Band& band : bands) {
        if (!band.inputs.empty() && band.inputs.front() == source_.node(a.node).inputs.at(0))
          return band.nodes.push_back(a.node);
      }
    }
    if (a.place == Place::Float) {
      for (int neighbour : neighbours(a.node)) {
        if (const auto at = band_of_left.find(neighbour); at != band_of_left.end()) {
          return bands[at->second].nodes.push_back(a.node);
        }
      }
    }
    if (a.place == Place::HostOutput) return;  // drawn with its output
    bands.push_back(
        {.key = static_cast<double>(a.node), .nodes = {a.node}, .label = "", .sub = a.what});
  }

  void add_output(std::vector<Band>& bands, int tensor) const {
    Band band{.key = 1e9, .outputs = {tensor}};
    band.label = fmt::format("host: {} comes out", source_.tensor(tensor).name);
    const int producer = source_.producer[static_cast<size_t>(tensor)];
    band.sub = source_.tensor(tensor).type == "float32" ? "dequantized once, after the last byte"
                                                        : "bytes as they are";
    for (const Absorbed& a : explanation_.absorbed) {
      if (a.place == Place::HostOutput && a.node == producer) band.nodes.push_back(a.node);
    }
    bands.push_back(std::move(band));
  }

  const Explanation& explanation_;
  const SourceGraph& source_;
  const Json& layers_;
};

}  // namespace

std::vector<Band> make_bands(const Explanation& e, const Json& layers) {
  return Maker(e, layers).make();
}

}  // namespace zahl::explain
