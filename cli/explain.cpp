// zahl explain MODEL: what the Quantize and Dequantize nodes of a model become.
#include <fmt/format.h>

#include <memory>

#include "analysis/report.h"
#include "cli/machine_words.h"
#include "cli/verbs.h"
#include "contract/program.h"
#include "explain/complete_explanation.h"
#include "explain/page.h"
#include "explain/text.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

struct Words {
  std::string model, html, json;
  std::vector<std::string> bindings;
  explain::CompleteRequest request;
};

int explain_model(const Words& o) {
  if (is_program_file(o.model))
    throw UserError(fmt::format(
        "{}: a program has no scales left to explain; give the model that it was compiled from",
        o.model));
  frontend::ModelFile file(o.model);
  file.bindings = frontend::bindings_of(o.bindings);
  const explain::Explanation e = explain::explain_model(file);
  tell(o.model, e.notes);
  const auto json = explain::complete_explanation(e, o.request);
  if (!o.html.empty()) analysis::write_text(o.html, explain::explanation_page(e, json));
  if (!o.json.empty()) analysis::write_text(o.json, analysis::json_text(json));
  if (o.json != "-" && o.html != "-") fmt::print("{}", explain::explanation_text(json));
  return 0;
}

}  // namespace

Verb add_explain(CLI::App& zahl) {
  const auto words = std::make_shared<Words>();
  auto* verb = zahl.add_subcommand("explain",
                                   "Show what the Quantize and Dequantize nodes of a model become");
  verb->add_option("MODEL", words->model, "Model (.onnx, .tflite)")->required();
  verb->add_option("--html", words->html, "Where to write the page: one file, no network access");
  verb->add_option("--json", words->json,
                   "Where to write the explanation as JSON; - is standard output");
  verb->add_option("--layer", words->request.layer,
                   "Layer that is computed in three forms (default: the first product)");
  verb->add_option("--input", words->request.input,
                   "Data for it: .npy, or .npz keyed by input name; random if left out");
  verb->add_option("--seed", words->request.seed, "Seed of the random data")->capture_default_str();
  add_bindings(*verb, words->bindings);
  verb->footer(R"(
Examples:
  zahl explain network.tflite --html explained.html
  zahl explain model_qdq.onnx --layer conv1 --input image.npy
)");
  return {verb, [words] { return explain_model(*words); }};
}

}  // namespace zahl::cli
