// zahl run MODEL|PROGRAM: one engine, its cycles and its outputs.
#include <fmt/format.h>

#include <memory>

#include "analysis/listing.h"
#include "analysis/report.h"
#include "cli/run_words.h"
#include "cli/verbs.h"
#include "engines/registry.h"
#include "host/boundary.h"
#include "host/times.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

struct Words {
  RunWords run;
  std::string engine = "model", waveform;
  bool cycles_only = false, witness = false;
  int repeat = 0;
};

void check(const Words& o) {
  if (o.witness && o.engine != "model") throw UserError("--witness goes with --engine model");
  if (o.cycles_only && o.engine != "model")
    throw UserError("--cycles-only goes with --engine model");
  if (o.run.models.size() > 1 && o.run.output.empty() && !o.waveform.empty())
    throw UserError("--waveform holds the signals of one run; run the models one at a time");
}

RunOptions options_of(const Words& o) {
  RunOptions options;
  options.compute_values = !o.cycles_only;
  options.trace_transactions = false;
  options.waveform_path = o.waveform;
  options.witness = o.witness;
  return options;
}

int run_one(const Words& o, const OneModel& one) {
  const analysis::Job job = open_job(o.run.machine, one.model, shapes_of(o.run));
  const auto inputs = inputs_of(o.run, job.program);
  DeviceProgram device = host::loaded_device(job.program, inputs, o.run.input);
  host::HostTimes times;
  times.start_up = host::processor_seconds();
  const RunOptions options = options_of(o);
  const auto run_device = [&](DeviceProgram&& loaded) {
    return host::timed_run(times, [&] {
      return engines::run_engine(o.engine, job.program.config, job.memory, std::move(loaded),
                                 options);
    });
  };
  RunResult run = run_device(std::move(device));
  for (int i = 1; i < o.repeat; ++i)
    run = run_device(host::loaded_device(job.program, inputs, o.run.input));
  const bool is_json_alone = o.run.json == "-";
  if (o.witness) {
    fmt::print(is_json_alone ? stderr : stdout,
               "witness: {} datapath sections, 0 floating-point exceptions\n",
               run.witness_sections);
  }
  if (run.error != isa::Error::None) {
    fmt::print(stderr, "zahl: {}\n", analysis::stop_sentence(run, job.program));
    return 1;
  }
  const auto outputs = host::take_outputs(job.program, run.memory);
  if (!o.run.output.empty()) host::save_arrays(o.run.output, outputs);
  if (!o.run.json.empty()) {
    auto json = analysis::report_json(job.program, job.memory, o.engine, run,
                                      analysis::load_energy_table(o.run.machine.request.energy));
    if (o.repeat > 0) json["host"] = analysis::host_json(times);
    deliver_json(o.run, one, json);
  }
  if (is_json_alone) return 0;
  if (o.engine != "reference") {
    fmt::print("{}\n",
               analysis::report_table(job.program, job.memory, o.engine, run, o.run.has_layers));
  }
  if (!o.cycles_only) fmt::print("{}", analysis::outputs_text(outputs));
  if (o.repeat > 0) fmt::print("{}", host::host_times_text(times, run));
  return 0;
}

}  // namespace

Verb add_run(CLI::App& zahl) {
  const auto words = std::make_shared<Words>();
  auto* verb =
      zahl.add_subcommand("run", "Run a model or program on one engine and report its cycles");
  add_run_words(*verb, words->run);
  verb->add_option("--engine", words->engine, "reference, model or rtl")
      ->capture_default_str()
      ->check(CLI::IsMember({"reference", "model", "rtl"}));
  verb->add_flag("--cycles-only", words->cycles_only,
                 "Model only: skip the values, report the same cycles");
  verb->add_flag("--witness", words->witness,
                 "Model only: stop at any floating-point exception while the device runs");
  verb->add_option("--repeat", words->repeat,
                   "Run so many times and say how long each run took on this host")
      ->check(CLI::PositiveNumber);
  verb->add_option("--waveform", words->waveform,
                   "RTL only: write a waveform (builds with ZAHL_RTL_TRACE)");
  verb->footer(R"(
Examples:
  zahl run model_qdq.onnx --input image.npy --output answer.npy
  zahl run network.tflite --config tiny8 --memory onchip --json -
  zahl run a.onnx b.tflite c.zprog --jobs 2 --json reports.json
  zahl run model.zprog --engine rtl --layers
)");
  return {verb, [words] {
            check(*words);
            return for_each_model(words->run,
                                  [&](const OneModel& one) { return run_one(*words, one); });
          }};
}

}  // namespace zahl::cli
