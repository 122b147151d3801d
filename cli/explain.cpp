#include "cli/explain.h"

#include <fmt/format.h>

#include <memory>

#include "analysis/report.h"
#include "contract/program.h"
#include "explain/explanation_json.h"
#include "explain/page.h"
#include "explain/quantization_notes.h"
#include "explain/text.h"
#include "explain/three_forms.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, html, json, layer, input;
  uint64_t seed = 1;
};

Json whole_explanation(const explain::Explanation& e, const Options& o) {
  Json json = explain::explanation_json(e);
  json["verdict"] = explain::verdict(e);
  json["quantization"] = explain::quantization_notes(e);
  explain::FormsRequest request{.layer = o.layer,
                                .inputs = {},
                                .input_name = fmt::format("random bytes, seed {}", o.seed),
                                .seed = o.seed};
  if (!o.input.empty()) {
    request.inputs = host::load_arrays(o.input);
    request.input_name = o.input;
  }
  std::string why;
  try {
    json["three_forms"] = explain::three_forms(e, request, why);
  } catch (const UserError& error) {
    throw UserError(o.input.empty() ? error.what() : fmt::format("{}: {}", o.input, error.what()));
  }
  json["three_forms_absent"] = why;
  return json;
}

int run(const Options& o) {
  if (is_program_file(o.model))
    throw UserError(fmt::format(
        "{}: a program has no scales left to explain; give the model that it was compiled from",
        o.model));
  const explain::Explanation e = explain::explain_model(o.model);
  const Json json = whole_explanation(e, o);
  if (!o.html.empty()) analysis::write_text(o.html, explain::explanation_page(e, json));
  if (!o.json.empty())
    analysis::write_text(o.json, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  if (o.json != "-" && o.html != "-") fmt::print("{}", explain::explanation_text(json));
  return 0;
}

}  // namespace

std::function<int()> register_explain(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("explain",
                                  "Show what the Quantize and Dequantize nodes of a model become");
  verb->add_option("MODEL", options->model, "Model (.onnx, .tflite)")->required();
  verb->add_option("--html", options->html, "Where to write the page: one file, no network access");
  verb->add_option("--json", options->json,
                   "Where to write the explanation as JSON; - is standard output");
  verb->add_option("--layer", options->layer,
                   "Layer that is computed in three forms (default: the first product)");
  verb->add_option("--input", options->input,
                   "Data for it: .npy, or .npz keyed by input name; random if left out");
  verb->add_option("--seed", options->seed, "Seed of the random data")->capture_default_str();
  return [verb, options] { return verb->parsed() ? run(*options) : -1; };
}

}  // namespace zahl::cli
