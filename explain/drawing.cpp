#include "explain/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "explain/bands.h"

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kTop = 36, kRow = 36, kBox = 26, kGap = 9;
constexpr double kMainX = 100, kMainWidth = 250, kSideX = 375, kSideWidth = 190, kRightX = 640,
                 kRightWidth = 380;
constexpr double kWidth = 1090;
constexpr size_t kLabel = 36, kSideLabel = 26, kRightLabel = 52;

std::string cut(const std::string& s, size_t width) {
  return s.size() <= width ? s
                           : fmt::format("{}..{}", s.substr(0, width / 2 - 1),
                                         s.substr(s.size() - (width - width / 2 - 1)));
}

struct Spot {
  double x = 0, y = 0, w = 0, h = 0;
  int row = 0;
  bool is_side = false;
  double middle() const { return y + h / 2; }
};

class Drawing {
 public:
  Drawing(const Explanation& e, const Json& layers)
      : explanation_(e), source_(e.source), layers_(layers) {}

  Json draw() {
    bands_ = make_bands(explanation_, layers_);
    for (size_t i = 0; i < bands_.size(); ++i) place(i);
    left_lines();
    right_lines();
    return {{"width", kWidth}, {"height", next_y_ + 16}, {"bands", shades_},
            {"lines", lines_}, {"boxes", boxes_},        {"notes", notes_}};
  }

 private:
  bool is_left(int node) const {
    return std::ranges::any_of(explanation_.left, [&](const auto& l) {
      return l.node.name == source_.node(node).node.name;
    });
  }

  // --- where everything lies

  void place(size_t index) {
    Band& band = bands_[index];
    std::ranges::sort(band.nodes);
    const double top = next_y_;
    next_y_ += kGap;
    for (int tensor : band.inputs) port(tensor, "input");
    std::vector<int> side;
    std::map<int, int> row_of_reader;
    for (int node : band.nodes) {
      const auto& n = source_.node(node);
      const bool is_pair = is_quantize(n) || is_dequantize(n);
      if (is_pair && source_.tensor(n.inputs.at(0)).is_constant) {
        side.push_back(node);
        continue;
      }
      spot(node, {kMainX, next_y_, kMainWidth, kBox, row_++, false}, kLabel);
      next_y_ += kRow;
    }
    std::map<double, int> used;
    for (int node : side) place_side(node, top, used);
    for (int tensor : band.outputs) port(tensor, "output");
    const double least = band.label.empty() ? 0 : band.kind == Band::Kind::Layer ? 78 : 56;
    next_y_ = std::max(next_y_ + kGap - (kRow - kBox), top + least);
    if (index % 2 == 0) shades_.push_back({{"y", top}, {"w", kWidth}, {"h", next_y_ - top}});
    right_box(index, top);
  }

  void port(int tensor, const char* kind) {
    const auto& t = source_.tensor(tensor);
    const Spot at{kMainX, next_y_, kMainWidth, kBox, row_++, false};
    ports_[tensor] = at;
    box(at, "host", cut(fmt::format("{} {}: {}", kind, t.name, t.type), kLabel), t.name);
    next_y_ += kRow;
  }

  void place_side(int node, double top, std::map<double, int>& used) {
    double y = top + kGap;
    for (int reader : source_.readers[static_cast<size_t>(source_.node(node).outputs.at(0))]) {
      if (spots_.contains(reader)) y = spots_[reader].y;
    }
    while (used.contains(y) && y - kRow >= top)
      y -= kRow;  // above its reader where the place beside it is taken
    while (used.contains(y)) y += kRow;
    ++used[y];
    spot(node, {kSideX, y, kSideWidth, kBox, -1, true}, kSideLabel);
    next_y_ = std::max(next_y_, y + kRow);
  }

  void spot(int node, const Spot& at, size_t width) {
    const auto& n = source_.node(node);
    const bool is_pair = is_quantize(n) || is_dequantize(n);
    spots_[node] = at;
    const std::string kind = is_pair         ? "pair"
                             : is_left(node) ? "left"
                             : is_integer(n) ? "layer"
                                             : "op";
    const std::string label =
        is_pair ? pair_label(node, at.is_side) : fmt::format("{}  {}", n.node.type, n.node.name);
    box(at, kind, cut(label, width), fmt::format("{} ({})", n.node.name, n.node.type));
  }

  // Written with integers in the file itself: TFLite, and the QOperator format.
  bool is_integer(const frontend::SourceNode& node) const {
    return source_.is_tflite || node.node.type.starts_with("QLinear") || node.node.type == "QGemm";
  }

  // "Quantize  S 0.0312, Z 44" in the chain, "Dequantize weights" beside it.
  std::string pair_label(int node, bool is_side) const {
    const char* name = is_quantize(source_.node(node)) ? "Quantize" : "Dequantize";
    const auto absorbed = std::ranges::find(explanation_.absorbed, node, &Absorbed::node);
    if (is_side) return fmt::format("{} {}", name, absorbed->role);
    const SourceScaling s = scaling_of_pair(source_, node);
    if (s.scales.size() != 1) return name;
    return fmt::format("{}  S {}, Z {}", name, decimal(exact(static_cast<double>(s.scales[0])), 4),
                       s.zero_points[0]);
  }

  void box(const Spot& at, const std::string& kind, const std::string& label,
           const std::string& tip) {
    boxes_.push_back({{"class", kind},
                      {"x", at.x},
                      {"y", at.y},
                      {"w", at.w},
                      {"h", at.h},
                      {"tx", at.x + 10},
                      {"ty", at.middle() + 4},
                      {"label", label},
                      {"tip", tip}});
  }

  void right_box(size_t index, double top) {
    const Band& band = bands_[index];
    if (band.label.empty()) {
      notes_.push_back({{"x", kRightX}, {"y", (top + next_y_) / 2 + 4}, {"text", band.sub}});
      return;
    }
    const bool is_layer = band.kind == Band::Kind::Layer;
    const double h = is_layer ? 60 : 42;
    const Spot at{kRightX, (top + next_y_ - h) / 2, kRightWidth, h, static_cast<int>(index), false};
    right_[index] = at;
    const char* kind = is_layer ? "layer" : band.kind == Band::Kind::Left ? "left" : "host";
    Json j = {{"class", kind},   {"x", at.x},
              {"y", at.y},       {"w", at.w},
              {"h", at.h},       {"tx", at.x + 12},
              {"ty", at.y + 18}, {"label", cut(band.label, kRightLabel)}};
    j["tip"] = band.label;
    j["sub"] = cut(band.sub, kRightLabel + 10);
    j["sy"] = at.y + 33;
    j["sub2"] = cut(band.sub2, kRightLabel + 10);
    j["sy2"] = at.y + 49;
    if (is_layer) j["href"] = fmt::format("#layer-{}", band.layer.number());
    boxes_.push_back(std::move(j));
    if (!band.nodes.empty() || !band.inputs.empty() || !band.outputs.empty()) {
      const double x = kMainX + kMainWidth + 8;
      lines_.push_back(
          {{"class", "becomes"},
           {"d", fmt::format("M{} {} H{}", side_end(top, x), at.middle(), kRightX - 6)}});
    }
  }

  // The dotted line begins behind whatever stands beside it on the left.
  double side_end(double top, double x) const {
    for (const auto& [node, s] : spots_) {
      if (s.is_side && s.y >= top) return kSideX + kSideWidth + 8;
    }
    return x;
  }

  // --- what is connected

  void left_lines() {
    for (const auto& [node, at] : spots_) {
      for (int tensor : source_.node(node).inputs) {
        if (tensor >= 0) left_line(tensor, at);
      }
    }
    for (int tensor : source_.outputs) {
      if (ports_.contains(tensor) && source_.producer[static_cast<size_t>(tensor)] >= 0)
        left_line(tensor, ports_[tensor]);
    }
  }

  void left_line(int tensor, const Spot& to) {
    const int producer = source_.producer[static_cast<size_t>(tensor)];
    const Spot* from = nullptr;
    if (const auto it = spots_.find(producer); it != spots_.end()) from = &it->second;
    if (const auto it = ports_.find(tensor); producer < 0 && it != ports_.end()) from = &it->second;
    if (!from) return;
    const std::string type = source_.tensor(tensor).type;
    const char* kind = type == "float32" || type == "?" ? "f" : "i";
    if (from->is_side) {
      line(kind,
           fmt::format("M{} {} C{} {} {} {} {} {}", from->x, from->middle(), from->x - 12,
                       from->middle(), to.x + to.w + 12, to.middle(), to.x + to.w, to.middle()));
    } else if (to.row == from->row + 1) {
      const double x = kMainX + 40;
      line(kind, fmt::format("M{} {} V{}", x, from->y + from->h, to.y));
    } else {
      const double bulge = std::min(18.0 + 5.0 * std::abs(to.row - from->row), 84.0),
                   x = kMainX - bulge;
      line(kind, fmt::format("M{} {} C{} {} {} {} {} {}", kMainX, from->middle(), x, from->middle(),
                             x, to.middle(), kMainX, to.middle()));
    }
  }

  // The band that makes a tensor of the graph: a layer, a graph input, or a node left in float.
  int writer_of(ir::TensorId tensor) const {
    const std::string& name = explanation_.graph.tensors[tensor].name;
    for (size_t i = 0; i < bands_.size(); ++i) {
      const Band& band = bands_[i];
      if (band.layer.exists() &&
          ir::output_of(explanation_.graph.nodes[band.layer].operation) == tensor)
        return static_cast<int>(i);
    }
    for (size_t i = 0; i < bands_.size(); ++i) {
      for (int input : bands_[i].inputs) {
        if (source_.tensor(input).name == name || bands_.size() == 1) return static_cast<int>(i);
        for (int node : bands_[i].nodes) {
          if (source_.tensor(source_.node(node).outputs.at(0)).name == name)
            return static_cast<int>(i);
        }
      }
      if (bands_[i].kind != Band::Kind::Left) continue;
      for (int node : bands_[i].nodes) {
        for (int output : source_.node(node).outputs) {
          if (output >= 0 && source_.tensor(output).name == name) return static_cast<int>(i);
        }
      }
    }
    return -1;
  }

  void right_lines() {
    for (size_t i = 0; i < bands_.size(); ++i) {
      if (bands_[i].kind != Band::Kind::Layer) continue;
      std::vector<ir::TensorId> inputs =
          ir::inputs_of(explanation_.graph.nodes[bands_[i].layer].operation);
      inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
      for (ir::TensorId tensor : inputs) right_line(tensor, i);
    }
    for (size_t i = 0; i < bands_.size(); ++i) {
      if (bands_[i].outputs.empty()) continue;
      for (const ir::GraphPort& port : explanation_.graph.outputs) {
        if (leads_to(port.tensor, bands_[i].outputs.front())) right_line(port.tensor, i);
      }
    }
    for (size_t i = 0; i < bands_.size(); ++i) {
      if (bands_[i].kind == Band::Kind::Left) lines_to_left(i);
    }
  }

  // What the device hands back for a node that stays in float.
  void lines_to_left(size_t band) {
    for (int node : bands_[band].nodes) {
      if (!is_left(node)) continue;
      for (int input : source_.node(node).inputs) {
        for (const ir::GraphPort& port : explanation_.graph.outputs) {
          if (input >= 0 && leads_to(port.tensor, input)) right_line(port.tensor, band);
        }
      }
    }
  }

  // Whether the user's output is made of this tensor, through a DequantizeLinear, a QuantizeLinear
  // and moves.
  bool leads_to(ir::TensorId tensor, int output) const {
    const std::string& name = explanation_.graph.tensors[tensor].name;
    for (int step = 0; step < 8; ++step) {
      if (source_.tensor(output).name == name) return true;
      const int producer = source_.producer[static_cast<size_t>(output)];
      if (producer < 0 || source_.node(producer).inputs.empty() ||
          source_.node(producer).inputs[0] < 0)
        return false;
      output = source_.node(producer).inputs[0];
    }
    return false;
  }

  void right_line(ir::TensorId tensor, size_t to_band) {
    const ir::Tensor& t = explanation_.graph.tensors[tensor];
    const int writer = writer_of(tensor);
    if (t.constant || writer < 0 || !right_.contains(static_cast<size_t>(writer)) ||
        !right_.contains(to_band))
      return;
    const Spot from = right_[static_cast<size_t>(writer)], to = right_[to_band];
    bool is_next = true;
    for (size_t k = static_cast<size_t>(writer) + 1; k < to_band; ++k)
      is_next = is_next && !right_.contains(k);
    if (is_next && from.y < to.y) {
      line("i", fmt::format("M{} {} V{}", kRightX + 60, from.y + from.h, to.y));
      const std::string shape = t.shape.h == 1 && t.shape.w == 1
                                    ? fmt::format("{}", t.shape.c)
                                    : fmt::format("{}x{}x{}", t.shape.h, t.shape.w, t.shape.c);
      notes_.push_back({{"x", kRightX + 70},
                        {"y", (from.y + from.h + to.y) / 2 + 4},
                        {"text", fmt::format("int8 {}, zero point {}", shape, t.zero_point)}});
      return;
    }
    const double edge = kRightX + kRightWidth,
                 x = edge + std::min(16.0 + 6.0 * std::abs(to.row - from.row), 62.0);
    line("i", fmt::format("M{} {} C{} {} {} {} {} {}", edge, from.middle(), x, from.middle(), x,
                          to.middle(), edge, to.middle()));
  }

  void line(const char* kind, const std::string& d) {
    lines_.push_back({{"class", kind}, {"d", d}});
  }

  const Explanation& explanation_;
  const SourceGraph& source_;
  const Json& layers_;
  std::vector<Band> bands_;
  std::map<int, Spot> spots_, ports_;  // by node of the file, by tensor
  std::map<size_t, Spot> right_;       // by band
  double next_y_ = kTop;
  int row_ = 0;
  Json shades_ = Json::array(), lines_ = Json::array(), boxes_ = Json::array(),
       notes_ = Json::array();
};

}  // namespace

Json drawing(const Explanation& e, const Json& layers) { return Drawing(e, layers).draw(); }

}  // namespace zahl::explain
