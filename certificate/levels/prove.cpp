#include "certificate/levels/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "certificate/levels/check_graph.h"
#include "certificate/levels/check_image.h"
#include "certificate/levels/check_run.h"
#include "certificate/levels/scripts.h"
#include "compiler/driver/compile.h"
#include "engines/registry.h"
#include "explain/explanation.h"
#include "isa/config.h"
#include "isa/error.h"

namespace zahl::certificate {
namespace {

constexpr int64_t kSmallNetwork =
    1'000'000;  // multiply-accumulates up to which the RTL runs unasked

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

frontend::ModelFile model_file(const ProveRequest& o, const std::string& path) {
  frontend::ModelFile file(path);
  file.bindings = frontend::bindings_of(o.bindings);
  if (o.input.empty()) return file;
  for (const auto& [name, array] : host::load_arrays(o.input)) file.shapes[name] = array.shape;
  return file;
}

void compile_subject(const ProveRequest& o, const ScratchFolder& folder, Subject& s) {
  hw::Config config = hw::load_config(o.config);
  hw::apply_settings(o.settings, config, s.memory);
  const frontend::ModelFile file = model_file(o, o.subject);
  s.model = explain::explain_model(file);
  s.network = s.model->name;
  try {
    s.program = compiler::compile_model(file, config);
    s.image = folder.file(s.network + ".zprog");
    save_program(*s.program, s.image);
  } catch (const UserError& error) {
    s.why_no_program = error.what();
  }
}

void load_subject(const ProveRequest& o, Subject& s) {
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
  const frontend::ModelFile file = model_file(o, o.model);
  s.model = explain::explain_model(file);
  if (!s.program) return;
  try {
    s.recompiled = compiler::compile_model(file, s.program->config);
  } catch (const UserError& error) {
    s.why_no_program = error.what();
  }
}

bool runs_rtl(const Program& program, bool is_wanted) {
  return is_wanted || (program.macs() <= kSmallNetwork && engines::has_rtl(program.config));
}

Level graph_level(const Subject& s) {
  return s.model ? check_graph(*s.model) : absent_level(1, "Graph", s.why_no_model);
}

Level program_level(const Subject& s) {
  if (s.image.empty())
    return absent_level(2, "Program", fmt::format("there is no program: {}", s.why_no_program));
  return check_image(s.image, s.recompiled ? &*s.recompiled : nullptr);
}

Level run_level(const ProveRequest& o, const Subject& s) {
  if (!s.model) return absent_level(5, "Run", s.why_no_model);
  if (!s.program)
    return absent_level(5, "Run", fmt::format("there is no program to run: {}", s.why_no_program));
  RunRequest request{.inputs = {},
                     .seed = o.seed,
                     .wants_rtl = runs_rtl(*s.program, o.wants_rtl),
                     .memory = s.memory,
                     .source = o.source,
                     .model = s.model->path,
                     .keep = o.keep};
  if (!o.input.empty()) request.inputs = host::load_arrays(o.input);
  return check_run(s.model->graph, *s.program, request);
}

Level level_of(int number, const ProveRequest& o, const Subject& s) {
  switch (number) {
    case 1:
      return graph_level(s);
    case 2:
      return program_level(s);
    case 3:
      return run_script(3, "RTL", o.source,
                        {"--config", s.program ? s.program->config.name : o.config});
    case 4:
      return run_script(4, "Object code", o.source, {"--build-dir", o.build});
    default:
      return run_level(o, s);
  }
}

}  // namespace

Certificate prove(const ProveRequest& o) {
  const ScratchFolder folder;
  Subject s{};
  s.memory = hw::load_memory(o.memory);
  is_program_file(o.subject) ? load_subject(o, s) : compile_subject(o, folder, s);
  Certificate certificate{.subject = o.subject, .network = s.network, .levels = {}, .left_out = {}};
  for (int number = 1; number <= 5; ++number) {
    const bool is_asked = o.levels.empty() || std::ranges::find(o.levels, number) != o.levels.end();
    if (!is_asked || (o.is_quick && number == 3)) {
      certificate.left_out.push_back(number);
      continue;
    }
    certificate.levels.push_back(level_of(number, o, s));
  }
  return certificate;
}

}  // namespace zahl::certificate
