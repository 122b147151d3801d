#include "cli/machine_words.h"

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
  verb.add_option("--energy", r.energy,
                  "Energies of the machine's events, a .toml file (default: analysis/energy.toml)");
}

analysis::Job open_job(const MachineWords& words, const std::string& model) {
  analysis::JobRequest request = words.request;
  request.model = model;
  request.is_config_given = words.config->count() > 0;
  return analysis::open_job(request);
}

}  // namespace zahl::cli
