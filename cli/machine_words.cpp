#include "cli/machine_words.h"

#include <fmt/format.h>

namespace zahl::cli {

void add_machine(CLI::App& verb, MachineWords& words) {
  analysis::JobRequest& r = words.request;
  words.config = verb.add_option("--config", r.config,
                                 "Machine: a preset (edge16, tiny8, wide32) or a .toml file")
                     ->capture_default_str();
  verb.add_option("--memory", r.memory, "Memory: a preset (dram, onchip) or a .toml file")
      ->capture_default_str();
  verb.add_option("--set", r.settings,
                  "key=value over both, e.g. rows=32 or memory.latency_cycles=40");
  verb.add_option("--objective", r.objective,
                  "What the compiler makes small: cycles, dram (bytes) or energy")
      ->capture_default_str()
      ->check(CLI::IsMember({"cycles", "dram", "energy"}));
  verb.add_option("--optimise", r.optimise, "default, or max: try many schedules and take the best")
      ->capture_default_str()
      ->check(CLI::IsMember({"default", "max"}));
  add_bindings(verb, r.bindings);
  verb.add_option("--energy", r.energy,
                  "Energies of the machine's events, a .toml file (default: analysis/energy.toml)");
}

void add_bindings(CLI::App& verb, std::vector<std::string>& bindings) {
  verb.add_option("--bind", bindings,
                  "NAME=SIZE: a dimension that the model leaves open, by its name or INPUT.AXIS "
                  "(default: that of --input, else 1)");
}

void tell(const std::string& model, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) fmt::print(stderr, "{}: {}\n", model, note);
}

analysis::Job open_job(const MachineWords& words, const std::string& model,
                       const std::map<std::string, std::vector<int64_t>>& shapes) {
  analysis::JobRequest request = words.request;
  request.model = model;
  request.is_config_given = words.config->count() > 0;
  request.shapes = shapes;
  analysis::Job job = analysis::open_job(request);
  tell(model, job.notes);
  return job;
}

}  // namespace zahl::cli
