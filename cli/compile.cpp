// zahl compile MODEL: the program for a machine, written to a file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "analysis/estimate.h"
#include "cli/machine_words.h"
#include "cli/verbs.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

struct Words {
  MachineWords machine;
  std::string model, output;
};

int compile(const Words& o) {
  if (is_program_file(o.model))
    throw UserError(fmt::format("{}: it is a program already; give a model", o.model));
  analysis::Job job = open_job(o.machine, o.model);
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

}  // namespace

Verb add_compile(CLI::App& zahl) {
  const auto words = std::make_shared<Words>();
  auto* verb =
      zahl.add_subcommand("compile", "Compile a quantized ONNX or TFLite model into a program");
  verb->add_option("MODEL", words->model, ".onnx (QDQ) or .tflite (int8, uint8)")->required();
  verb->add_option("-o,--output", words->output,
                   "Program file (default: the model's name with .zprog)");
  add_machine(*verb, words->machine);
  verb->footer(R"(
Examples:
  zahl compile model_qdq.onnx -o model.zprog
  zahl compile network.tflite --config tiny8 --memory onchip
  zahl compile network.tflite --objective dram --optimise max
)");
  return {verb, [words] { return compile(*words); }};
}

}  // namespace zahl::cli
