// The command line: zahl compile, run, cosim, disasm, explain, prove.
//
// Exit codes: 0 done; 1 a check failed (engines differ, or the machine stopped with an error); 2
// the input is at fault, in one sentence.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <new>
#include <random>
#include <thread>

#include "analysis/estimate.h"
#include "analysis/objective.h"
#include "analysis/report.h"
#include "cli/explain.h"
#include "cli/prove.h"
#include "compiler/driver/compile.h"
#include "engines/registry.h"
#include "host/boundary.h"
#include "host/processes.h"
#include "host/times.h"
#include "isa/config.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

struct Options {
  std::string model, config = "edge16", memory = "dram", input, output, json, engine = "model",
                     waveform;
  std::string objective = "cycles", optimise = "default", energy;
  std::vector<std::string> settings;
  std::optional<uint64_t> seed;
  bool cycles_only = false, layers = false, witness = false;
  std::vector<std::string> models;  // of run and cosim; `model` is the one at hand
  size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  int repeat = 0;
  std::string* report =
      nullptr;  // of one of several models: takes the JSON text in place of the file
};

constexpr const char* kExamples = R"(
Examples:
  zahl compile model_qdq.onnx -o model.zprog
  zahl run model.zprog --input image.npy --output answer.npy
  zahl run network.tflite --config tiny8 --memory onchip --json -
  zahl run a.onnx b.tflite c.zprog --jobs 2 --json reports.json
  zahl cosim network.tflite --set memory.latency_cycles=40
  zahl disasm model.zprog
  zahl explain network.tflite --html explained.html
  zahl prove network.tflite --json certificate.json
)";

struct Job {
  Program program;
  MemoryConfig memory;
};

// A program carries its machine; a model is compiled for the one asked for.
Job open_job(const Options& o, bool is_config_given) {
  Job job;
  job.memory = hw::load_memory(o.memory);
  if (is_program_file(o.model)) {
    if (o.objective != "cycles" || o.optimise != "default") {
      throw UserError(fmt::format(
          "{}: it is compiled already; give --objective and --optimise with a model", o.model));
    }
    job.program = load_program(o.model);
    hw::Config config = is_config_given ? hw::load_config(o.config) : job.program.config;
    hw::apply_settings(o.settings, config, job.memory);
    config.name = job.program.config.name;
    if (config != job.program.config) {
      throw UserError(
          fmt::format("{}: it was compiled for {}; compile the model again for another machine",
                      o.model, job.program.config.name));
    }
    return job;
  }
  hw::Config config = hw::load_config(o.config);
  hw::apply_settings(o.settings, config, job.memory);
  const bool searches = o.objective != "cycles" || o.optimise != "default";
  compiler::Search search;
  if (searches || !o.energy.empty()) {
    search = analysis::make_search(o.objective, o.optimise, job.memory,
                                   analysis::load_energy_table(o.energy));
  }
  job.program = compiler::compile_model(o.model, config, search);
  return job;
}

// The input file's arrays, or seeded random ones; the seed goes to standard error, where it is in
// nobody's way.
std::map<std::string, host::Array> inputs_of(const Options& o, const Program& program) {
  if (!o.input.empty()) return host::load_arrays(o.input);
  const uint64_t seed = o.seed ? *o.seed : std::random_device{}();
  fmt::print(stderr, "input: random, repeat it with --seed {}\n", seed);
  return host::random_inputs(program, seed);
}

using Inputs = std::map<std::string, host::Array>;

DeviceProgram loaded_device(const Options& o, const Program& program, const Inputs& inputs) {
  DeviceProgram device = device_program(program);
  try {
    host::place_inputs(program, inputs, device.memory);
  } catch (const UserError& error) {
    throw UserError(o.input.empty() ? error.what() : fmt::format("{}: {}", o.input, error.what()));
  }
  return device;
}

int say_error(const RunResult& run, const Program& program) {
  const auto name = isa::kErrorNames[static_cast<size_t>(run.error)];
  const std::string what = run.error_index < program.instructions.size()
                               ? isa::disassemble(program.instructions[run.error_index])
                               : "past the end";
  fmt::print(stderr, "zahl: the machine stopped: {} at instruction {} ({})\n", name,
             run.error_index, what);
  return 1;
}

int do_compile(const Options& o, bool is_config_given) {
  if (is_program_file(o.model))
    throw UserError(fmt::format("{}: it is a program already; give a model", o.model));
  Job job = open_job(o, is_config_given);
  job.program.estimate = analysis::make_estimate(job.program, job.memory);
  const std::string output =
      o.output.empty() ? std::filesystem::path(o.model).stem().string() + ".zprog" : o.output;
  save_program(job.program, output);
  fmt::print(
      "{}: {} layers, {} instructions, {} bytes of constants for {}; {} cycles with memory {}\n",
      output, job.program.layers.size(), job.program.instructions.size(), job.program.data.size(),
      job.program.config.name, job.program.estimate->cycles, job.memory.name);
  return 0;
}

void deliver_json(const Options& o, const nlohmann::ordered_json& json) {
  const std::string text =
      json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (o.report != nullptr) {
    *o.report = text;
  } else if (!o.json.empty()) {
    analysis::write_text(o.json, text);
  }
}

int do_run(const Options& o, bool is_config_given) {
  const Job job = open_job(o, is_config_given);
  const Inputs inputs = inputs_of(o, job.program);
  DeviceProgram device = loaded_device(o, job.program, inputs);
  host::HostTimes times;
  times.start_up = host::processor_seconds();
  RunOptions options;
  options.compute_values = !o.cycles_only;
  options.trace_transactions = false;
  options.waveform_path = o.waveform;
  options.witness = o.witness;
  const auto timed_run = [&](DeviceProgram&& loaded) {
    const double start = host::processor_seconds();
    RunResult result =
        engines::run_engine(o.engine, job.program.config, job.memory, std::move(loaded), options);
    times.runs.push_back(host::processor_seconds() - start);
    return result;
  };
  RunResult run = timed_run(std::move(device));
  for (int i = 1; i < o.repeat; ++i) run = timed_run(loaded_device(o, job.program, inputs));
  if (o.witness) {
    fmt::print(o.json == "-" ? stderr : stdout,
               "witness: {} datapath sections, 0 floating-point exceptions\n",
               run.witness_sections);
  }
  if (run.error != isa::Error::None) return say_error(run, job.program);
  const auto outputs = host::take_outputs(job.program, run.memory);
  if (!o.output.empty()) host::save_arrays(o.output, outputs);
  if (!o.json.empty()) {
    auto json = analysis::report_json(job.program, job.memory, o.engine, run,
                                      analysis::load_energy_table(o.energy));
    if (o.repeat > 0) {
      json["host"] = {{"start_up_seconds", times.start_up},
                      {"run_seconds", times.runs},
                      {"peak_bytes", host::peak_memory_bytes()}};
    }
    deliver_json(o, json);
  }
  if (o.json == "-") return 0;
  if (o.engine != "reference")
    fmt::print("{}\n", analysis::report_table(job.program, job.memory, o.engine, run, o.layers));
  if (!o.cycles_only) fmt::print("{}", analysis::outputs_text(outputs));
  if (o.repeat > 0) fmt::print("{}", host::host_times_text(times, run));
  return 0;
}

int do_cosim(const Options& o, bool is_config_given) {
  const Job job = open_job(o, is_config_given);
  const DeviceProgram device = loaded_device(o, job.program, inputs_of(o, job.program));
  const engines::Cosim result = engines::cosimulate(job.program, job.memory, device);
  auto json = analysis::report_json(job.program, job.memory, "cosim", result.model,
                                    analysis::load_energy_table(o.energy));
  json["instructions"] = job.program.instructions.size();
  json["transactions"] = result.model.transactions.size();
  json["cycle_differences"] = result.cycle_differences;
  json["byte_differences"] = result.byte_differences;
  json["first_difference"] =
      result.is_equal ? nlohmann::ordered_json() : nlohmann::ordered_json(result.report);
  deliver_json(o, json);
  if (!o.output.empty())
    host::save_arrays(o.output, host::take_outputs(job.program, result.model.memory));
  if (o.json != "-") {
    fmt::print("{}\n{}\n",
               analysis::report_table(job.program, job.memory, "cosim", result.model, o.layers),
               analysis::outputs_text(host::take_outputs(job.program, result.model.memory)));
    fmt::print(
        "model and RTL: {} cycles, {} instructions, {} memory transactions; {} cycle differences, "
        "{} byte "
        "differences\n",
        result.model.cycles, job.program.instructions.size(), result.model.transactions.size(),
        result.cycle_differences, result.byte_differences);
  }
  if (!result.is_equal) {
    fmt::print(stderr, "zahl: model and RTL differ: {}\n", result.report);
    return 1;
  }
  return result.model.error == isa::Error::None ? 0 : say_error(result.model, job.program);
}

int do_disasm(const Options& o) {
  const Program program = load_program(o.model);
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const int32_t layer = program.layer_of_instruction[i];
    const std::string name = layer >= 0 ? program.layers[static_cast<size_t>(layer)].name : "";
    fmt::print("{:>6}  {}  ; {}\n", i, isa::disassemble(program.instructions[i]), name);
  }
  return 0;
}

// Exit code of one run; the sentence goes to standard error.
int exit_code_of(const std::function<int()>& work) {
  try {
    return work();
  } catch (const UserError& error) {
    fmt::print(stderr, "zahl: {}\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "zahl: out of memory; try a smaller model\n");
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr,
               "zahl: internal error: {}; please report it with the command line and the model\n",
               error.what());
    return 3;
  }
}

// One model is run here; several are independent runs, `jobs` at a time, their reports a list in
// the order given, null where a run failed. The exit code is the greatest of theirs.
int for_each_model(Options o, bool is_config_given, int (*verb)(const Options&, bool)) {
  if (o.models.size() == 1) {
    o.model = o.models.front();
    return verb(o, is_config_given);
  }
  if (!o.output.empty())
    throw UserError("--output holds the outputs of one model; run the models one at a time");
  if (!o.waveform.empty())
    throw UserError("--waveform holds the signals of one run; run the models one at a time");
  int exit_code = 0;
  std::vector<std::string> reports;
  const auto task = [&](size_t i, std::string& report) {
    Options one = o;
    one.model = o.models[i];
    one.report = &report;
    return exit_code_of([&] { return verb(one, is_config_given); });
  };
  host::run_in_processes(o.models.size(), o.jobs, task, [&](size_t, const host::Finished& run) {
    fmt::print("{}", run.output);
    std::fflush(stdout);
    fmt::print(stderr, "{}", run.errors);
    reports.push_back(run.report.empty() ? "null\n" : run.report);
    exit_code = std::max(exit_code, run.exit_code);
  });
  if (!o.json.empty())
    analysis::write_text(o.json, fmt::format("[\n{}]\n", fmt::join(reports, ",\n")));
  return exit_code;
}

CLI::Option* add_machine(CLI::App* app, Options& o) {
  auto* config = app->add_option("--config", o.config,
                                 "Machine: a preset (edge16, tiny8, wide32) or a .toml file")
                     ->capture_default_str();
  app->add_option("--memory", o.memory, "Memory: a preset (dram, onchip) or a .toml file")
      ->capture_default_str();
  app->add_option("--set", o.settings,
                  "key=value over both, e.g. rows=32 or memory.latency_cycles=40");
  app->add_option("--objective", o.objective,
                  "What the compiler makes small: cycles, dram (bytes) or energy")
      ->capture_default_str()
      ->check(CLI::IsMember({"cycles", "dram", "energy"}));
  app->add_option("--optimise", o.optimise, "default, or max: try many schedules and take the best")
      ->capture_default_str()
      ->check(CLI::IsMember({"default", "max"}));
  app->add_option("--energy", o.energy,
                  "Energies of the machine's events, a .toml file (default: analysis/energy.toml)");
  return config;
}

int main_with(int argc, char** argv) {
  CLI::App app{
      "Zahl: compiles quantized networks for an int8 NPU and runs them, cycle by cycle and integer "
      "by integer"};
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", ZAHL_VERSION);
  Options o;
  auto* compile =
      app.add_subcommand("compile", "Compile a quantized ONNX or TFLite model into a program");
  compile->add_option("MODEL", o.model, ".onnx (QDQ) or .tflite (int8, uint8)")->required();
  compile->add_option("-o,--output", o.output,
                      "Program file (default: the model's name with .zprog)");
  auto* compile_config = add_machine(compile, o);
  auto* run =
      app.add_subcommand("run", "Run a model or program on one engine and report its cycles");
  auto* cosim = app.add_subcommand(
      "cosim", "Run on the model and on the RTL and compare every byte and every cycle");
  std::map<CLI::App*, CLI::Option*> configs;
  for (auto* sub : {run, cosim}) {
    sub->add_option("MODEL", o.models, "Models (.onnx, .tflite) or programs (.zprog)")->required();
    sub->add_option("--jobs", o.jobs,
                    "Of several models: how many at a time, each on a core of its own")
        ->check(CLI::PositiveNumber)
        ->default_str("all cores");
    sub->add_option("--input", o.input, ".npy, or .npz keyed by input name; random if left out");
    sub->add_option("--output", o.output, "Where to write the outputs: .npy or .npz");
    sub->add_option("--seed", o.seed, "Seed of the random input");
    sub->add_option("--json", o.json, "Where to write the report; - is standard output");
    sub->add_flag("--layers", o.layers, "Print also what bounds each layer");
    configs[sub] = add_machine(sub, o);
  }
  run->add_option("--engine", o.engine, "reference, model or rtl")
      ->capture_default_str()
      ->check(CLI::IsMember({"reference", "model", "rtl"}));
  run->add_flag("--cycles-only", o.cycles_only,
                "Model only: skip the values, report the same cycles");
  run->add_flag("--witness", o.witness,
                "Model only: stop at any floating-point exception while the device runs");
  run->add_option("--repeat", o.repeat,
                  "Run so many times and say how long each run took on this host")
      ->check(CLI::PositiveNumber);
  run->add_option("--waveform", o.waveform,
                  "RTL only: write a waveform (builds with ZAHL_RTL_TRACE)");
  auto* disasm = app.add_subcommand("disasm", "Print the instructions of a program");
  disasm->add_option("PROGRAM", o.model, "Program (.zprog)")->required();
  const auto explain = register_explain(app);
  const auto prove = register_prove(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (o.witness && o.engine != "model") throw UserError("--witness goes with --engine model");
  if (o.cycles_only && o.engine != "model")
    throw UserError("--cycles-only goes with --engine model");
  if (compile->parsed()) return do_compile(o, compile_config->count() > 0);
  if (run->parsed()) return for_each_model(o, configs[run]->count() > 0, do_run);
  if (cosim->parsed()) return for_each_model(o, configs[cosim]->count() > 0, do_cosim);
  if (const int code = explain(); code >= 0) return code;
  if (const int code = prove(); code >= 0) return code;
  return do_disasm(o);
}

}  // namespace
}  // namespace zahl::cli

int main(int argc, char** argv) {
  return zahl::cli::exit_code_of([&] { return zahl::cli::main_with(argc, argv); });
}
