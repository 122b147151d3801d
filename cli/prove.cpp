// zahl prove MODEL|PROGRAM: the certificate (docs/certificate.md).
#include "certificate/levels/prove.h"

#include <fmt/format.h>

#include <memory>

#include "analysis/report.h"
#include "certificate/levels/installation.h"
#include "cli/machine_words.h"
#include "cli/verbs.h"

namespace zahl::cli {
namespace {

struct Words {
  std::string json, html;
  certificate::ProveRequest request;
};

int prove(Words o) {
  if (o.request.source.empty()) o.request.source = certificate::own_source();
  if (o.request.build.empty()) o.request.build = certificate::own_prefix();
  const certificate::Certificate certificate = certificate::prove(o.request);
  if (!o.json.empty())
    analysis::write_text(o.json, analysis::json_text(certificate::certificate_json(certificate)));
  if (!o.html.empty()) analysis::write_text(o.html, certificate::certificate_page(certificate));
  if (o.json != "-" && o.html != "-") fmt::print("{}", certificate::certificate_text(certificate));
  return certificate.holds() ? 0 : 1;
}

}  // namespace

Verb add_prove(CLI::App& zahl) {
  const auto words = std::make_shared<Words>();
  certificate::ProveRequest& r = words->request;
  auto* verb = zahl.add_subcommand(
      "prove",
      "Show that nothing between the first input byte and the last output byte is a float");
  verb->add_option("MODEL", r.subject, "Model (.onnx, .tflite) or program (.zprog)")->required();
  verb->add_option("--model", r.model, "Of a program: the model that it was compiled from");
  verb->add_option("--json", words->json,
                   "Where to write the certificate as JSON; - is standard output");
  verb->add_option("--html", words->html, "Where to write it as a page");
  verb->add_flag("--quick", r.is_quick, "Leave out what needs Yosys (level 3)");
  verb->add_option("--level", r.levels, "Only these levels, e.g. --level 1,2")
      ->delimiter(',')
      ->check(CLI::Range(1, 5));
  verb->add_option("--input", r.input,
                   "Input of the run: .npy, or .npz keyed by input name; random if left out");
  verb->add_option("--keep-run", r.keep,
                   "Keep inputs, outputs and the graph's integers: an .npz file");
  verb->add_option("--seed", r.seed, "Seed of the random input")->capture_default_str();
  verb->add_flag("--rtl", r.wants_rtl, "Run the RTL too, however large the network is");
  verb->add_option("--config", r.config, "Machine: a preset or a .toml file")
      ->capture_default_str();
  verb->add_option("--memory", r.memory, "Memory of the run")->capture_default_str();
  verb->add_option("--set", r.settings, "key=value over both");
  add_bindings(*verb, r.bindings);
  verb->add_option(
      "--source", r.source,
      "Zahl's source tree, where the scripts of levels 3 to 5 are (default: share/zahl "
      "beside this program's folder)");
  verb->add_option("--build-dir", r.build,
                   "Where the object files of level 4 are (default: this program's build, or what "
                   "is installed with it)");
  verb->footer(R"(
Examples:
  zahl prove model_qdq.onnx --quick
  zahl prove network.tflite --json certificate.json --html certificate.html
  zahl prove model.zprog --model model_qdq.onnx --level 1,2
)");
  return {verb, [words] { return prove(*words); }};
}

}  // namespace zahl::cli
