#include "analysis/job.h"

#include <fmt/format.h>

#include "analysis/objective.h"
#include "compiler/driver/compile.h"
#include "isa/config.h"
#include "isa/error.h"

namespace zahl::analysis {
namespace {

bool searches(const JobRequest& r) { return r.objective != "cycles" || r.optimise != "default"; }

Job open_program(const JobRequest& r, MemoryConfig memory) {
  if (!r.bindings.empty()) {
    throw UserError(fmt::format("{}: it is compiled already; give --bind with a model", r.model));
  }
  if (searches(r)) {
    throw UserError(fmt::format(
        "{}: it is compiled already; give --objective and --optimise with a model", r.model));
  }
  Job job{.program = load_program(r.model), .memory = std::move(memory)};
  hw::Config config = r.is_config_given ? hw::load_config(r.config) : job.program.config;
  hw::apply_settings(r.settings, config, job.memory);
  config.name = job.program.config.name;
  if (config != job.program.config) {
    throw UserError(
        fmt::format("{}: it was compiled for {}; compile the model again for another machine",
                    r.model, job.program.config.name));
  }
  return job;
}

}  // namespace

Job open_job(const JobRequest& r) {
  MemoryConfig memory = hw::load_memory(r.memory);
  if (is_program_file(r.model)) return open_program(r, std::move(memory));
  hw::Config config = hw::load_config(r.config);
  hw::apply_settings(r.settings, config, memory);
  compiler::Search search;
  if (searches(r) || !r.energy.empty())
    search = make_search(r.objective, r.optimise, memory, load_energy_table(r.energy));
  frontend::ModelFile file(r.model);
  file.bindings = frontend::bindings_of(r.bindings);
  file.shapes = r.shapes;
  std::vector<std::string> notes;
  Program program = compiler::compile_model(file, config, search, &notes);
  return {.program = std::move(program), .memory = memory, .notes = std::move(notes)};
}

}  // namespace zahl::analysis
