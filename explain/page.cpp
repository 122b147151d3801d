#include "explain/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "explain/drawing.h"
#include "page/render.h"
#include "page_template.h"

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kFactorsShown = 8;

std::string rounding_text(const Json& name) {
  if (name.is_null()) return "none";
  if (name == "half_even") return "once, ties to the even integer, as ONNX defines it";
  if (name == "tfl_double")
    return "twice, by 31 bits and then by the rest, as TFLite's reference kernels do";
  return name == "half_away" ? "once, ties away from zero" : "once, ties upward";
}

// What the template shows of a layer in a line and in its details.
Json row_of(const Json& layer, const Json& edges, size_t index) {
  Json row = layer;
  row["id"] = fmt::format("layer-{}", index);
  row["shape"] = edges[layer["output"].get<size_t>()]["shape"];
  row["zx"] = layer["zero_points"]["Zx"];
  row["zy"] = layer["zero_points"]["Zy"];
  const bool has_factor = layer.contains("worst_factor");
  const Json factor = has_factor ? layer["worst_factor"] : Json();
  row["m"] = has_factor ? factor["short"] : Json("");
  row["m0"] = has_factor ? factor["m0"] : Json("");
  row["shift"] = has_factor ? factor["shift"] : Json("");
  row["error"] = has_factor ? factor["relative_error"] : Json("");
  const bool has_clamp = !layer["rounding"].is_null();
  row["rounding_name"] = has_clamp ? layer["rounding"] : Json("");
  row["rounding_text"] = rounding_text(layer["rounding"]);
  row["low_high"] =
      has_clamp ? fmt::format("{}..{}", layer["clamp"]["low"].dump(), layer["clamp"]["high"].dump())
                : "";
  row["clamp_meaning"] = layer["clamp"]["meaning"];
  row["bits"] = layer.contains("accumulator") ? layer["accumulator"]["bits"] : Json("");
  row["accumulator"] = layer.contains("accumulator") ? layer["accumulator"] : Json(false);
  row["more_factors"] = false;
  if (layer["factors"].size() > kFactorsShown) {
    row["factors"] = Json(layer["factors"].begin(), layer["factors"].begin() + kFactorsShown);
    row["more_factors"] = layer["factors"].size() - kFactorsShown;
  }
  for (Json& pair : row["pairs"]) {
    pair["scale_text"] = pair["scale"].is_null()
                             ? Json(fmt::format("{} scales", pair["scales"].get<size_t>()))
                             : pair["scale"]["text"];
  }
  return row;
}

// The first layer with a factor, for the introduction.
Json example_of(const Json& layers) {
  for (const Json& layer : layers) {
    if (layer["factors"].empty()) continue;
    Json example = layer["factors"][0];
    example["title"] = layer["title"];
    example["numbers"] = layer["numbers"];
    return example;
  }
  return false;
}

}  // namespace

std::string explanation_page(const Explanation& e, const Json& json) {
  Json page = json;
  page["drawing"] = drawing(e, json["layers"]);
  page["format_note"] = "";
  if (e.source.is_tflite) {
    page["format_note"] =
        "A TFLite file draws no pairs: it keeps scale and zero point at each tensor. What they "
        "mean is the same, and "
        "so is "
        "the equation.";
  } else if (e.format == "onnx-qoperator") {
    page["format_note"] =
        "In this file (QOperator format) the pairs are merged into the operators already: scales "
        "and zero points are "
        "operands of QLinearConv and its like. What they mean is the same, and so is the equation.";
  }
  page["example"] = example_of(json["layers"]);
  page["rows"] = Json::array();
  for (size_t i = 0; i < json["layers"].size(); ++i)
    page["rows"].push_back(row_of(json["layers"][i], json["edges"], i));
  if (page["three_forms"].is_object()) {
    for (Json& row : page["three_forms"]["rows"])
      row["float"]["text"] = fmt::format("{:.7g}", row["float"]["real"].get<float>());
  }
  page.erase("layers");
  page.erase("edges");
  page.erase("pairs");
  return page::render_page(page::kPageTemplate, std::move(page));
}

}  // namespace zahl::explain
