#include "cli/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "analysis/report.h"
#include "certificate/levels/certificate.h"
#include "certificate/levels/check_graph.h"
#include "certificate/levels/check_image.h"
#include "certificate/levels/check_run.h"
#include "certificate/levels/scripts.h"
#include "compiler/driver/compile.h"
#include "explain/explanation.h"
#include "isa/config.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

constexpr int64_t kSmallNetwork =
    1'000'000;  // multiply-accumulates up to which the RTL runs unasked

struct Options {
  std::string subject, model, json, html, input, config = "edge16", memory = "dram",
                                                 source = ZAHL_SOURCE_TREE, build, keep;
  std::vector<std::string> settings;
  std::vector<int> levels;
  uint64_t seed = 1;
  bool is_quick = false, wants_rtl = false;
};

// What the levels are about: a model and the program that was made of it. Either may be absent,
// with the reason.
struct Subject {
  std::optional<explain::Explanation> model;
  std::optional<Program> program;     // as it is in `image`
  std::optional<Program> recompiled;  // for a program whose model is given too
  std::string image;                  // program file
  std::string why_no_model, why_no_program;
  MemoryConfig memory;
  std::string network;
};

void compile_subject(const Options& o, const certificate::ScratchFolder& folder, Subject& s) {
  hw::Config config = hw::load_config(o.config);
  hw::apply_settings(o.settings, config, s.memory);
  s.model = explain::explain_model(o.subject);
  s.network = s.model->name;
  try {
    s.program = compiler::compile_model(o.subject, config);
    s.image = folder.file(s.network + ".zprog");
    save_program(*s.program, s.image);
  } catch (const UserError& error) {
    s.why_no_program = error.what();
  }
}

void load_subject(const Options& o, Subject& s) {
  s.image = o.subject;
  s.network = std::filesystem::path(o.subject).stem().string();
  try {
    s.program = load_program(o.subject);
  } catch (const UserError& error) {
    s.why_no_program = error.what();
  }
  if (o.model.empty()) {
    s.why_no_model =
        "a program does not hold the scales of its model; name the model that it was compiled from "
        "with --model";
    return;
  }
  s.model = explain::explain_model(o.model);
  if (!s.program) return;
  try {
    s.recompiled = compiler::compile_model(o.model, s.program->config);
  } catch (const UserError& error) {
    s.why_no_program = error.what();
  }
}

bool has_rtl(const Program& program, bool is_wanted) {
#ifdef ZAHL_HAS_RTL
  static const std::set<std::string> kPresets = {ZAHL_RTL_NAMES};
  return is_wanted || (program.macs() <= kSmallNetwork && kPresets.contains(program.config.name) &&
                       hw::load_config(program.config.name) == program.config);
#else
  static_cast<void>(program);
  return is_wanted;
#endif
}

certificate::Level graph_level(const Subject& s) {
  return s.model ? certificate::check_graph(*s.model)
                 : certificate::absent_level(1, "Graph", s.why_no_model);
}

certificate::Level program_level(const Subject& s) {
  if (s.image.empty())
    return certificate::absent_level(2, "Program",
                                     fmt::format("there is no program: {}", s.why_no_program));
  return certificate::check_image(s.image, s.recompiled ? &*s.recompiled : nullptr);
}

certificate::Level run_level(const Options& o, const Subject& s) {
  if (!s.model) return certificate::absent_level(5, "Run", s.why_no_model);
  if (!s.program)
    return certificate::absent_level(
        5, "Run", fmt::format("there is no program to run: {}", s.why_no_program));
  certificate::RunRequest request{.inputs = {},
                                  .seed = o.seed,
                                  .wants_rtl = has_rtl(*s.program, o.wants_rtl),
                                  .memory = s.memory,
                                  .source = o.source,
                                  .model = s.model->path,
                                  .keep = o.keep};
  if (!o.input.empty()) request.inputs = host::load_arrays(o.input);
  return certificate::check_run(s.model->graph, *s.program, request);
}

certificate::Level level_of(int number, const Options& o, const Subject& s) {
  switch (number) {
    case 1:
      return graph_level(s);
    case 2:
      return program_level(s);
    case 3:
      return certificate::run_script(3, "RTL", o.source,
                                     {"--config", s.program ? s.program->config.name : o.config});
    case 4:
      return certificate::run_script(4, "Object code", o.source, {"--build-dir", o.build});
    default:
      return run_level(o, s);
  }
}

std::string build_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path().parent_path().string();
}

int run(Options o) {
  if (o.build.empty()) o.build = build_folder();
  const certificate::ScratchFolder folder;
  Subject s;
  s.memory = hw::load_memory(o.memory);
  is_program_file(o.subject) ? load_subject(o, s) : compile_subject(o, folder, s);

  certificate::Certificate certificate{
      .subject = o.subject, .network = s.network, .levels = {}, .left_out = {}};
  for (int number = 1; number <= 5; ++number) {
    const bool is_asked = o.levels.empty() || std::ranges::find(o.levels, number) != o.levels.end();
    if (!is_asked || (o.is_quick && number == 3)) {
      certificate.left_out.push_back(number);
      continue;
    }
    certificate.levels.push_back(level_of(number, o, s));
  }
  if (!o.json.empty())
    analysis::write_text(o.json,
                         certificate::certificate_json(certificate)
                                 .dump(2, ' ', false, certificate::Json::error_handler_t::replace) +
                             "\n");
  if (!o.html.empty()) analysis::write_text(o.html, certificate::certificate_page(certificate));
  if (o.json != "-" && o.html != "-") fmt::print("{}", certificate::certificate_text(certificate));
  return certificate.holds() ? 0 : 1;
}

}  // namespace

std::function<int()> register_prove(CLI::App& app) {
  const auto o = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "prove",
      "Show that nothing between the first input byte and the last output byte is a float");
  verb->add_option("MODEL", o->subject, "Model (.onnx, .tflite) or program (.zprog)")->required();
  verb->add_option("--model", o->model, "Of a program: the model that it was compiled from");
  verb->add_option("--json", o->json,
                   "Where to write the certificate as JSON; - is standard output");
  verb->add_option("--html", o->html, "Where to write it as a page");
  verb->add_flag("--quick", o->is_quick, "Leave out what needs Yosys (level 3)");
  verb->add_option("--level", o->levels, "Only these levels, e.g. --level 1,2")
      ->delimiter(',')
      ->check(CLI::Range(1, 5));
  verb->add_option("--input", o->input,
                   "Input of the run: .npy, or .npz keyed by input name; random if left out");
  verb->add_option("--keep-run", o->keep,
                   "Keep inputs, outputs and the graph's integers: an .npz file");
  verb->add_option("--seed", o->seed, "Seed of the random input")->capture_default_str();
  verb->add_flag("--rtl", o->wants_rtl, "Run the RTL too, however large the network is");
  verb->add_option("--config", o->config, "Machine: a preset or a .toml file")
      ->capture_default_str();
  verb->add_option("--memory", o->memory, "Memory of the run")->capture_default_str();
  verb->add_option("--set", o->settings, "key=value over both");
  verb->add_option("--source", o->source,
                   "Zahl's source tree, where the scripts of levels 3 to 5 are")
      ->capture_default_str();
  verb->add_option("--build-dir", o->build,
                   "Where the object files of level 4 are (default: this program's build)");
  return [verb, o] { return verb->parsed() ? run(*o) : -1; };
}

}  // namespace zahl::cli
