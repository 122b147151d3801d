#include "explain/quantization_notes.h"

#include <fmt/format.h>

#include <algorithm>

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;

// The first layer with a factor, as an example that the reader finds again in the table.
const LayerFacts* example(const Explanation& e) {
  const auto found = std::ranges::find_if(
      e.layers, [](const LayerFacts& f) { return !f.factors.empty() && !f.sw.empty(); });
  return found == e.layers.end() ? nullptr : &*found;
}

std::string scale_text(float scale) { return decimal(exact(static_cast<double>(scale)), 7); }

Json static_notes(const Explanation& e) {
  Json paragraphs = Json::array();
  const auto constants =
      std::ranges::count_if(e.graph.tensors, [](const ir::Tensor& t) { return !t.constant; });
  paragraphs.push_back(
      fmt::format("This model is quantized statically: the {} scales and zero points of the "
                  "tensors that travel "
                  "between its layers were measured on "
                  "sample data once, by whoever quantized it, and stand in the file as constants.",
                  constants));
  if (const LayerFacts* f = example(e)) {
    const Factor& m = f->factors.front();
    paragraphs.push_back(
        fmt::format("So the factor of every layer is known before the first inference. For {} "
                    "({}): Sx = {}, Sw = {}, Sy = {}, "
                    "hence M = Sx * Sw / Sy = {}, "
                    "which the compiler writes as {} * 2^-{}. At run time there is a "
                    "multiplication of integers and a shift.",
                    e.graph.nodes[f->node].name, m.of, scale_text(f->sx[0]), scale_text(f->sw[0]),
                    scale_text(*f->sy), decimal(m.exact, 9), m.m0, m.shift));
  }
  paragraphs.push_back(
      "Dynamic quantization (quantize_dynamic in ONNX Runtime, dynamic-range models in TFLite) "
      "stores only the weights "
      "as integers. The scale of "
      "each activation would be computed from its smallest and largest value in every single "
      "inference, S = (max - "
      "min) / 255; M would be "
      "known only then, so every layer would hand a float to the next. That form is not what this "
      "model is, and the "
      "device does not run it.");
  return {{"kind", "static"},
          {"title", "Static quantization: every factor is known beforehand"},
          {"paragraphs", paragraphs}};
}

Json dynamic_notes(const Explanation& e) {
  Json paragraphs = Json::array();
  std::string first = "DynamicQuantizeLinear";
  for (const auto& node : e.source.nodes) {
    if (node.node.type.starts_with("Dynamic")) {
      first = fmt::format("{} ({})", node.node.name, node.node.type);
      break;
    }
  }
  paragraphs.push_back(
      fmt::format("This model is quantized dynamically: its weights are int8 constants, but {} of "
                  "its nodes, the first "
                  "of them {}, compute the scale of an "
                  "activation from the activation itself, in float, in every inference: S = (max - "
                  "min) / 255, Z = "
                  "round(-min / S).",
                  e.dynamic_nodes, first));
  paragraphs.push_back(
      "The products (MatMulInteger, ConvInteger) are integer, but their int32 sums cannot be "
      "brought to int8 with a "
      "constant: M = Sx * Sw / Sy "
      "needs Sx and Sy, which exist only after the data was seen. So each sum is converted to "
      "float, multiplied by Sx "
      "* Sw, and handed to the next "
      "layer as float32. Here a float really does travel between the layers.");
  paragraphs.push_back(
      "What would work: quantize the original float model statically, with "
      "onnxruntime.quantization.quantize_static, a "
      "calibration data reader "
      "and quant_format=QuantFormat.QDQ. The scales then become constants, each M becomes M0 * "
      "2^-n, and nothing but "
      "int8 is left between the layers.");
  return {{"kind", "dynamic"},
          {"title", "Dynamic quantization: scales are computed in float at run time"},
          {"paragraphs", paragraphs}};
}

Json no_notes(const Explanation& e) {
  return {{"kind", "none"},
          {"title", "Not quantized"},
          {"paragraphs",
           {fmt::format("Nothing in this file says how its numbers become integers: it is a float "
                        "model of {} nodes.",
                        e.source.nodes.size()),
            e.source.is_tflite ? fmt::format("What would work: {}.", frontend::kQuantizeTflite)
                               : fmt::format("What would work: {}.", frontend::kQuantizeOnnx)}}};
}

}  // namespace

std::string verdict(const Explanation& e) {
  if (e.graph.nodes.empty() && e.left.empty())
    return "This model has no layer: the device hands bytes of its inputs back as they came, and "
           "only the host quantizes them.";
  if (e.graph.nodes.empty())
    return "Nothing of this model runs on integers as it stands; the list below says why, node by "
           "node.";
  const std::string edges = fmt::format("{} layers hand int8 to one another", e.graph.nodes.size());
  if (!e.left.empty()) {
    return fmt::format(
        "{} of the file's nodes stay in float, so this model does not run on integers as a whole; "
        "the list below says "
        "why and what would "
        "help. Around them, {}.",
        e.left.size(), edges);
  }
  return fmt::format(
      "From the first input byte to the last output byte there is no float: {}. {}", edges,
      e.absorbed.empty() ? "The file keeps its scales at the tensors; they are only needed to "
                           "compute each layer's M0 and n."
                         : "The Quantize and Dequantize nodes in the file are a notation.");
}

Json quantization_notes(const Explanation& e) {
  if (e.dynamic_nodes > 0) return dynamic_notes(e);
  return e.graph.nodes.empty() ? no_notes(e) : static_notes(e);
}

}  // namespace zahl::explain
