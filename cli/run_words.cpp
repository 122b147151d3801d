#include "cli/run_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

#include "analysis/report.h"
#include "cli/exit_code.h"
#include "host/boundary.h"
#include "host/processes.h"
#include "isa/error.h"

namespace zahl::cli {

void add_run_words(CLI::App& verb, RunWords& words) {
  words.jobs = std::max(1u, std::thread::hardware_concurrency());
  verb.add_option("MODEL", words.models, "Models (.onnx, .tflite) or programs (.zprog)")
      ->required();
  verb.add_option("--jobs", words.jobs,
                  "Of several models: how many at a time, each on a core of its own")
      ->check(CLI::PositiveNumber)
      ->default_str("all cores");
  verb.add_option("--input", words.input, ".npy, or .npz keyed by input name; random if left out");
  verb.add_option("--output", words.output, "Where to write the outputs: .npy or .npz");
  verb.add_option("--seed", words.seed, "Seed of the random input");
  verb.add_option("--json", words.json, "Where to write the report; - is standard output");
  verb.add_flag("--layers", words.has_layers, "Print also what bounds each layer");
  add_machine(verb, words.machine);
}

std::map<std::string, host::Array> inputs_of(const RunWords& words, const Program& program) {
  if (!words.input.empty()) return host::load_arrays(words.input);
  const uint64_t seed = words.seed ? *words.seed : std::random_device{}();
  fmt::print(stderr, "input: random, repeat it with --seed {}\n", seed);
  return host::random_inputs(program, seed);
}

std::map<std::string, std::vector<int64_t>> shapes_of(const RunWords& words) {
  std::map<std::string, std::vector<int64_t>> shapes;
  if (words.input.empty()) return shapes;
  for (const auto& [name, array] : host::load_arrays(words.input)) shapes[name] = array.shape;
  return shapes;
}

void deliver_json(const RunWords& words, const OneModel& one, const nlohmann::ordered_json& json) {
  if (one.text != nullptr) {
    *one.text = analysis::json_text(json);
  } else if (!words.json.empty()) {
    analysis::write_text(words.json, analysis::json_text(json));
  }
}

int for_each_model(const RunWords& words, const std::function<int(const OneModel&)>& run) {
  if (words.models.size() == 1) return run({.model = words.models.front()});
  if (!words.output.empty())
    throw UserError("--output holds the outputs of one model; run the models one at a time");
  int exit_code = 0;
  std::vector<std::string> reports;
  const auto task = [&](size_t i, std::string& report) {
    return exit_code_of([&] { return run({.model = words.models[i], .text = &report}); });
  };
  host::run_in_processes(words.models.size(), words.jobs, task,
                         [&](size_t, const host::Finished& finished) {
                           fmt::print("{}", finished.output);
                           std::fflush(stdout);
                           fmt::print(stderr, "{}", finished.errors);
                           reports.push_back(finished.report.empty() ? "null\n" : finished.report);
                           exit_code = std::max(exit_code, finished.exit_code);
                         });
  if (!words.json.empty())
    analysis::write_text(words.json, fmt::format("[\n{}]\n", fmt::join(reports, ",\n")));
  return exit_code;
}

}  // namespace zahl::cli
