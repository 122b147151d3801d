#include "explain/three_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engines/graph_evaluator/graph_evaluator.h"
#include "host/boundary.h"
#include "isa/error.h"
#include "isa/round.h"

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;
using Bytes = std::vector<int8_t>;

constexpr int64_t kMostElements = 20000;  // that are compared; more are sampled evenly
constexpr size_t kShown = 8;

// A convolution of either kind, seen one output element at a time.
struct Product {
  const ir::Tensor& input;
  const ir::Tensor& output;
  const ir::Requant& requant;
  const std::vector<int8_t>& weights;
  int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, groups, weight_zero;
  ir::Padding padding;
  bool is_depthwise;
};

std::optional<Product> product_of(const ir::Graph& graph, const ir::Operation& operation) {
  const auto tensor = [&](ir::TensorId id) -> const ir::Tensor& { return graph.tensors[id]; };
  if (const auto* c = std::get_if<ir::Conv>(&operation); c != nullptr && c->more_inputs.empty()) {
    return Product{tensor(c->input), tensor(c->output), c->requant,  c->weights,    c->kernel_h,
                   c->kernel_w,      c->stride_h,       c->stride_w, c->dilation_h, c->dilation_w,
                   c->groups,        c->weight_zero,    c->padding,  false};
  }
  if (const auto* d = std::get_if<ir::Depthwise>(&operation)) {
    return Product{tensor(d->input),
                   tensor(d->output),
                   d->requant,
                   d->weights,
                   d->kernel_h,
                   d->kernel_w,
                   d->stride_h,
                   d->stride_w,
                   1,
                   1,
                   tensor(d->input).shape.c,
                   d->weight_zero,
                   d->padding,
                   true};
  }
  return std::nullopt;
}

// Calls visit(x - Zx, w - Zw) for every tap of an output element that is not padding.
template <typename Visit>
void visit_taps(const Product& p, const Bytes& in, int oy, int ox, int oc, Visit&& visit) {
  const int inputs = p.input.shape.c / p.groups, outputs = p.output.shape.c / p.groups;
  for (int ky = 0; ky < p.kernel_h; ++ky) {
    for (int kx = 0; kx < p.kernel_w; ++kx) {
      const int y = oy * p.stride_h + ky * p.dilation_h - p.padding.top,
                x = ox * p.stride_w + kx * p.dilation_w - p.padding.left;
      if (y < 0 || y >= p.input.shape.h || x < 0 || x >= p.input.shape.w) continue;
      for (int ic = 0; ic < inputs; ++ic) {
        const int tap = ky * p.kernel_w + kx;
        const int w = p.is_depthwise ? tap * p.output.shape.c + oc
                                     : (oc * p.kernel_h * p.kernel_w + tap) * inputs + ic;
        const int at = (y * p.input.shape.w + x) * p.input.shape.c + oc / outputs * inputs + ic;
        visit(in[static_cast<size_t>(at)] - p.input.zero_point,
              p.weights[static_cast<size_t>(w)] - p.weight_zero);
      }
    }
  }
}

// The bias of the formula with x - Zx: the folded one without -Zx * sum(w - Zw).
std::vector<int64_t> users_biases(const Product& p) {
  const auto channels = static_cast<size_t>(p.output.shape.c);
  std::vector<int64_t> biases;
  const size_t taps = p.weights.size() / channels;
  for (size_t c = 0; c < channels; ++c) {
    int64_t sum = 0;
    for (size_t t = 0; t < taps; ++t)
      sum += p.weights[p.is_depthwise ? t * channels + c : c * taps + t] - p.weight_zero;
    biases.push_back(p.requant.bias[c] + p.input.zero_point * sum);
  }
  return biases;
}

struct Element {
  int64_t index = 0;
  int y = 0, x = 0, c = 0;
  int64_t sum = 0;
  float real = 0;
  int as_float = 0, as_exact = 0, as_fixed = 0;
  std::string scaled{};  // sum * M, exact, in decimal
};

class Forms {
 public:
  Forms(const LayerFacts& f, const Product& p, const Bytes& in, bool ties_away)
      : facts_(f), product_(p), in_(in), ties_away_(ties_away), biases_(users_biases(p)) {}

  Element at(int64_t index) const {
    Element e{.index = index};
    e.c = static_cast<int>(index % product_.output.shape.c);
    e.x = static_cast<int>(index / product_.output.shape.c % product_.output.shape.w);
    e.y = static_cast<int>(index / product_.output.shape.c / product_.output.shape.w);
    const auto channel = static_cast<size_t>(e.c);
    const float sx = facts_.sx[0], sw = facts_.sw[facts_.sw.size() == 1 ? 0 : channel],
                sy = *facts_.sy;
    float real = static_cast<float>(biases_[channel]) * (sx * sw);
    e.sum = biases_[channel];
    visit_taps(product_, in_, e.y, e.x, e.c, [&](int x, int w) {
      e.sum += x * w;
      real += (static_cast<float>(x) * sx) * (static_cast<float>(w) * sw);
    });
    e.real = real;
    const float steps = ties_away_ ? std::round(real / sy) : std::nearbyint(real / sy);
    e.as_float = clamped(Integer(static_cast<int64_t>(std::clamp(steps, -1e9f, 1e9f))));
    const Factor& m = facts_.factors[facts_.factors.size() == 1 ? 0 : channel];
    const Rational scaled = e.sum * m.exact;
    e.scaled = decimal(scaled, 8);
    e.as_exact = clamped(rounded(scaled, ties_away_ ? Ties::Away : Ties::Even));
    e.as_fixed = clamped(requantized(e.sum, m.m0, m.shift, *facts_.rounding));
    return e;
  }

  const Factor& factor(int channel) const {
    return facts_.factors[facts_.factors.size() == 1 ? 0 : static_cast<size_t>(channel)];
  }

 private:
  int clamped(const Integer& steps) const {
    const Integer y = steps + facts_.zy;
    return y < facts_.low ? facts_.low : y > facts_.high ? facts_.high : static_cast<int>(y);
  }

  const LayerFacts& facts_;
  const Product& product_;
  const Bytes& in_;
  bool ties_away_;
  std::vector<int64_t> biases_;
};

std::optional<ir::NodeId> choose_layer(const Explanation& e, const std::string& wanted) {
  std::vector<ir::NodeId> found;
  for (ir::NodeId i : e.layers.ids()) {
    const std::string& name = e.graph.nodes[i].name;
    const bool is_product = product_of(e.graph, e.graph.nodes[i].operation).has_value() &&
                            !e.layers[i].factors.empty() && !e.layers[i].sw.empty();
    if (wanted.empty() && is_product) return i;
    if (wanted.empty() || name.find(wanted) == std::string::npos) continue;
    if (!is_product) {
      if (name == wanted)
        throw UserError(fmt::format(
            "--layer {}: it is no convolution or matrix product; choose one that is", wanted));
      continue;
    }
    if (name == wanted) return i;
    found.push_back(i);
  }
  if (wanted.empty()) return std::nullopt;
  if (found.empty())
    throw UserError(
        fmt::format("--layer {}: no convolution or matrix product has that in its name", wanted));
  if (found.size() > 1) {
    throw UserError(fmt::format(
        "--layer {}: {} layers have that in their names, among them '{}' and '{}'; give more of "
        "the name",
        wanted, found.size(), e.graph.nodes[found[0]].name, e.graph.nodes[found[1]].name));
  }
  return found.front();
}

HostTensor host_tensor(const ir::Graph& graph, const ir::GraphPort& port, uint64_t address) {
  static constexpr std::array<const char*, 3> kTypes = {"float32", "int8", "uint8"};
  const ir::Tensor& t = graph.tensors[port.tensor];
  HostTensor host{.name = ir::name_of(graph, port),
                  .type = kTypes[static_cast<size_t>(port.view.type)],
                  .shape = port.view.shape};
  host.nhwc = {t.shape.n, t.shape.h, t.shape.w, t.shape.c};
  host.channels_first = port.view.channels_first;
  host.scale = t.scale;
  host.zero_point = t.zero_point;
  host.address = address;
  host.bytes = static_cast<uint64_t>(t.shape.elements());
  return host;
}

// The graph's inputs as the device gets them: the user's arrays through the host boundary, or
// seeded bytes.
std::vector<Bytes> input_bytes(const Explanation& e, const FormsRequest& request) {
  std::vector<Bytes> result;
  std::mt19937_64 random(request.seed);
  for (const ir::GraphPort& port : e.graph.inputs) {
    Bytes bytes(static_cast<size_t>(e.graph.tensors[port.tensor].shape.elements()));
    for (int8_t& b : bytes) b = static_cast<int8_t>(random());
    result.push_back(std::move(bytes));
  }
  if (request.inputs.empty()) return result;
  Program program;
  program.source_format = e.graph.format;
  uint64_t size = 0;
  for (const ir::GraphPort& port : e.graph.inputs) {
    program.inputs.push_back(host_tensor(e.graph, port, size));
    size += program.inputs.back().bytes;
  }
  MemoryImage memory(size);
  host::place_inputs(program, request.inputs, memory);
  for (size_t i = 0; i < result.size(); ++i) {
    for (size_t k = 0; k < result[i].size(); ++k)
      result[i][k] = static_cast<int8_t>(memory[program.inputs[i].address + k]);
  }
  return result;
}

Json row_json(const Forms& forms, const Element& e) {
  const Factor& m = forms.factor(e.c);
  return {{"row", e.y},
          {"column", e.x},
          {"channel", e.c},
          {"sum", e.sum},
          {"float", {{"real", e.real}, {"y", e.as_float}}},
          {"exact", {{"scaled", e.scaled}, {"y", e.as_exact}}},
          {"fixed",
           {{"m0", m.m0},
            {"shift", m.shift},
            {"product", Integer(Integer(e.sum) * m.m0).str()},
            {"y", e.as_fixed}}}};
}

struct Difference {
  int64_t count = 0, largest = 0;
  void add(int a, int b) {
    count += a != b ? 1 : 0;
    largest = std::max<int64_t>(largest, std::abs(a - b));
  }
  Json json() const { return {{"count", count}, {"largest", largest}}; }
};

}  // namespace

Integer requantized(const Integer& v, uint32_t m0, int shift, isa::Rounding rounding) {
  const Rational scaled = Rational(v) * fixed_point(m0, shift);
  switch (rounding) {
    case isa::Rounding::HalfUp:
      return explain::rounded(scaled, Ties::Up);
    case isa::Rounding::HalfEven:
      return explain::rounded(scaled, Ties::Even);
    case isa::Rounding::HalfAway:
      return explain::rounded(scaled, Ties::Away);
    case isa::Rounding::TflDouble:
      break;
  }
  if (shift <= 31) return explain::rounded(scaled, Ties::Up);
  const Integer high = explain::rounded(Rational(v) * fixed_point(m0, 31), Ties::Up);
  return explain::rounded(Rational(high) * power_of_two(31 - shift), Ties::Away);
}

Json three_forms(const Explanation& e, const FormsRequest& request, std::string& why) {
  const auto layer = choose_layer(e, request.layer);
  if (!layer) {
    why = "no convolution or matrix product of this model runs on integers";
    return nullptr;
  }
  const LayerFacts& f = e.layers[*layer];
  ir::Graph graph = e.graph;
  graph.nodes.resize(layer->index() + 1);
  const auto tensors = reference::evaluate_tensors(graph, input_bytes(e, request));
  const ir::Operation& operation = e.graph.nodes[*layer].operation;
  const Product p = *product_of(e.graph, operation);
  const Bytes& in = tensors[ir::inputs_of(operation).front()];
  const Bytes& out = tensors[ir::output_of(operation)];
  const Forms forms(f, p, in, e.source.is_tflite);

  const auto total = static_cast<int64_t>(out.size()), step = ceil_div(total, kMostElements);
  Difference float_fixed, exact_fixed, float_exact, fixed_run;
  std::vector<Element> shown;
  const int64_t apart = std::max<int64_t>(total / static_cast<int64_t>(kShown), 1) |
                        1;  // odd: other channels each time
  int64_t compared = 0;
  for (int64_t i = 0; i < total; i += step, ++compared) {
    const Element x = forms.at(i);
    float_fixed.add(x.as_float, x.as_fixed);
    exact_fixed.add(x.as_exact, x.as_fixed);
    float_exact.add(x.as_float, x.as_exact);
    const int8_t y = p.requant.table ? (*p.requant.table)[static_cast<size_t>(x.as_fixed + 128)]
                                     : static_cast<int8_t>(x.as_fixed);
    fixed_run.add(y, out[static_cast<size_t>(i)]);
    const bool differs = x.as_float != x.as_fixed || x.as_exact != x.as_fixed;
    if (differs && shown.size() < 3) shown.push_back(x);
  }
  for (int64_t i = apart / 2; i < total && shown.size() < kShown; i += apart)
    shown.push_back(forms.at(i));
  std::ranges::sort(shown, {}, &Element::index);

  Json json = {{"layer", e.graph.nodes[*layer].name},
               {"input", request.input_name},
               {"elements", total},
               {"compared", compared}};
  json["rows"] = Json::array();
  for (const Element& x : shown) json["rows"].push_back(row_json(forms, x));
  json["differences"] = {{"float_fixed", float_fixed.json()},
                         {"exact_fixed", exact_fixed.json()},
                         {"float_exact", float_exact.json()},
                         {"fixed_run", fixed_run.json()}};
  return json;
}

}  // namespace zahl::explain
