// zahl cosim MODEL|PROGRAM: model and RTL side by side.
#include <fmt/format.h>

#include <memory>

#include "analysis/cosim_report.h"
#include "analysis/listing.h"
#include "analysis/report.h"
#include "cli/run_words.h"
#include "cli/verbs.h"
#include "engines/registry.h"
#include "host/boundary.h"

namespace zahl::cli {
namespace {

int cosim_one(const RunWords& o, const OneModel& one) {
  const analysis::Job job = open_job(o.machine, one.model, shapes_of(o));
  const DeviceProgram device = host::loaded_device(job.program, inputs_of(o, job.program), o.input);
  const engines::Cosim result = engines::cosimulate(job.program, job.memory, device);
  deliver_json(
      o, one,
      analysis::cosim_json(job, result, analysis::load_energy_table(o.machine.request.energy)));
  if (!o.output.empty())
    host::save_arrays(o.output, host::take_outputs(job.program, result.model.memory));
  if (o.json != "-") fmt::print("{}", analysis::cosim_text(job, result, o.has_layers));
  if (!result.is_equal) {
    fmt::print(stderr, "zahl: model and RTL differ: {}\n", result.report);
    return 1;
  }
  if (result.model.error == isa::Error::None) return 0;
  fmt::print(stderr, "zahl: {}\n", analysis::stop_sentence(result.model, job.program));
  return 1;
}

}  // namespace

Verb add_cosim(CLI::App& zahl) {
  const auto words = std::make_shared<RunWords>();
  auto* verb = zahl.add_subcommand(
      "cosim", "Run on the model and on the RTL and compare every byte and every cycle");
  add_run_words(*verb, *words);
  verb->footer(R"(
Examples:
  zahl cosim network.tflite --set memory.latency_cycles=40
  zahl cosim model.zprog --input image.npy --json report.json
)");
  return {verb, [words] {
            return for_each_model(*words,
                                  [&](const OneModel& one) { return cosim_one(*words, one); });
          }};
}

}  // namespace zahl::cli
