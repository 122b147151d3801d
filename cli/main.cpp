// The command line: zahl compile, run, cosim, disasm, explain, prove.
//
// Exit codes: 0 done; 1 a check failed (engines differ, or the machine stopped with an error); 2 the input is at fault,
// in one sentence.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <random>

#include "cli/engines.h"
#include "cli/explain/verb.h"
#include "cli/host_boundary.h"
#include "cli/prove/verb.h"
#include "cli/report.h"
#include "compiler/driver/compile.h"
#include "zahl/config.h"
#include "zahl/encoding.h"
#include "zahl/error.h"

namespace zahl::cli {
namespace {

struct Options {
  std::string model, config = "edge16", memory = "dram", input, output, json, engine = "model", waveform;
  std::vector<std::string> settings;
  std::optional<uint64_t> seed;
  bool cycles_only = false;
};

constexpr const char* kExamples = R"(
Examples:
  zahl compile model_qdq.onnx -o model.zprog
  zahl run model.zprog --input image.npy --output answer.npy
  zahl run network.tflite --config tiny8 --memory onchip --json -
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
    job.program = load_program(o.model);
    hw::Config config = is_config_given ? hw::load_config(o.config) : job.program.config;
    hw::apply_settings(o.settings, config, job.memory);
    config.name = job.program.config.name;
    if (config != job.program.config) {
      throw UserError(fmt::format("{}: it was compiled for {}; compile the model again for another machine", o.model,
                                  job.program.config.name));
    }
    return job;
  }
  hw::Config config = hw::load_config(o.config);
  hw::apply_settings(o.settings, config, job.memory);
  job.program = compiler::compile_model(o.model, config);
  return job;
}

// The input file's arrays, or seeded random ones; the seed goes to standard error, where it is in nobody's way.
std::map<std::string, Array> inputs_of(const Options& o, const Program& program) {
  if (!o.input.empty()) return load_arrays(o.input);
  const uint64_t seed = o.seed ? *o.seed : std::random_device{}();
  fmt::print(stderr, "input: random, repeat it with --seed {}\n", seed);
  return random_inputs(program, seed);
}

DeviceProgram loaded_device(const Options& o, const Program& program) {
  DeviceProgram device = device_program(program);
  const auto inputs = inputs_of(o, program);
  try {
    place_inputs(program, inputs, device.memory);
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
  fmt::print(stderr, "zahl: the machine stopped: {} at instruction {} ({})\n", name, run.error_index, what);
  return 1;
}

int do_compile(const Options& o, bool is_config_given) {
  if (is_program_file(o.model)) throw UserError(fmt::format("{}: it is a program already; give a model", o.model));
  const Job job = open_job(o, is_config_given);
  const std::string output = o.output.empty() ? std::filesystem::path(o.model).stem().string() + ".zprog" : o.output;
  save_program(job.program, output);
  fmt::print("{}: {} layers, {} instructions, {} bytes of constants for {}\n", output, job.program.layers.size(),
             job.program.instructions.size(), job.program.data.size(), job.program.config.name);
  return 0;
}

int do_run(const Options& o, bool is_config_given) {
  const Job job = open_job(o, is_config_given);
  const DeviceProgram device = loaded_device(o, job.program);
  RunOptions options;
  options.compute_values = !o.cycles_only;
  options.trace_transactions = false;
  options.waveform_path = o.waveform;
  const RunResult run = run_engine(o.engine, job.program.config, job.memory, device, options);
  if (run.error != isa::Error::None) return say_error(run, job.program);
  const auto outputs = take_outputs(job.program, run.memory);
  if (!o.output.empty()) save_arrays(o.output, outputs);
  if (!o.json.empty())
    write_text(o.json, report_json(job.program, job.memory, o.engine, run)
                               .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                           "\n");
  if (o.json == "-") return 0;
  if (o.engine != "reference") fmt::print("{}\n", report_table(job.program, job.memory, o.engine, run));
  if (!o.cycles_only) fmt::print("{}", outputs_text(outputs));
  return 0;
}

int do_cosim(const Options& o, bool is_config_given) {
  const Job job = open_job(o, is_config_given);
  const DeviceProgram device = loaded_device(o, job.program);
  const Cosim result = cosimulate(job.program, job.memory, device);
  auto json = report_json(job.program, job.memory, "cosim", result.model);
  json["instructions"] = job.program.instructions.size();
  json["transactions"] = result.model.transactions.size();
  json["cycle_differences"] = result.cycle_differences;
  json["byte_differences"] = result.byte_differences;
  json["first_difference"] = result.is_equal ? nlohmann::ordered_json() : nlohmann::ordered_json(result.report);
  if (!o.json.empty()) write_text(o.json, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  if (!o.output.empty()) save_arrays(o.output, take_outputs(job.program, result.model.memory));
  if (o.json != "-") {
    fmt::print("{}\n{}\n", report_table(job.program, job.memory, "cosim", result.model),
               outputs_text(take_outputs(job.program, result.model.memory)));
    fmt::print(
        "model and RTL: {} cycles, {} instructions, {} memory transactions; {} cycle differences, {} byte "
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

CLI::Option* add_machine(CLI::App* app, Options& o) {
  auto* config = app->add_option("--config", o.config, "Machine: a preset (edge16, tiny8, wide32) or a .toml file")
                     ->capture_default_str();
  app->add_option("--memory", o.memory, "Memory: a preset (dram, onchip) or a .toml file")->capture_default_str();
  app->add_option("--set", o.settings, "key=value over both, e.g. rows=32 or memory.latency_cycles=40");
  return config;
}

int main_with(int argc, char** argv) {
  CLI::App app{
      "Zahl: compiles quantized networks for an int8 NPU and runs them, cycle by cycle and integer by integer"};
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", ZAHL_VERSION);
  Options o;
  auto* compile = app.add_subcommand("compile", "Compile a quantized ONNX or TFLite model into a program");
  compile->add_option("MODEL", o.model, ".onnx (QDQ) or .tflite (int8, uint8)")->required();
  compile->add_option("-o,--output", o.output, "Program file (default: the model's name with .zprog)");
  auto* compile_config = add_machine(compile, o);
  auto* run = app.add_subcommand("run", "Run a model or program on one engine and report its cycles");
  auto* cosim = app.add_subcommand("cosim", "Run on the model and on the RTL and compare every byte and every cycle");
  std::map<CLI::App*, CLI::Option*> configs;
  for (auto* sub : {run, cosim}) {
    sub->add_option("MODEL", o.model, "Model (.onnx, .tflite) or program (.zprog)")->required();
    sub->add_option("--input", o.input, ".npy, or .npz keyed by input name; random if left out");
    sub->add_option("--output", o.output, "Where to write the outputs: .npy or .npz");
    sub->add_option("--seed", o.seed, "Seed of the random input");
    sub->add_option("--json", o.json, "Where to write the report; - is standard output");
    configs[sub] = add_machine(sub, o);
  }
  run->add_option("--engine", o.engine, "reference, model or rtl")
      ->capture_default_str()
      ->check(CLI::IsMember({"reference", "model", "rtl"}));
  run->add_flag("--cycles-only", o.cycles_only, "Model only: skip the values, report the same cycles");
  run->add_option("--waveform", o.waveform, "RTL only: write a waveform (builds with ZAHL_RTL_TRACE)");
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
  if (o.cycles_only && o.engine != "model") throw UserError("--cycles-only goes with --engine model");
  if (compile->parsed()) return do_compile(o, compile_config->count() > 0);
  if (run->parsed()) return do_run(o, configs[run]->count() > 0);
  if (cosim->parsed()) return do_cosim(o, configs[cosim]->count() > 0);
  if (const int code = explain(); code >= 0) return code;
  if (const int code = prove(); code >= 0) return code;
  return do_disasm(o);
}

}  // namespace
}  // namespace zahl::cli

int main(int argc, char** argv) {
  try {
    return zahl::cli::main_with(argc, argv);
  } catch (const zahl::UserError& error) {
    fmt::print(stderr, "zahl: {}\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "zahl: out of memory; try a smaller model\n");
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "zahl: internal error: {}; please report it with the command line and the model\n",
               error.what());
    return 3;
  }
}
