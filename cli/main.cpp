// The command line: zahl compile, run, cosim, disasm, explain, prove. Exit codes: cli/exit_code.h.
#include <CLI/CLI.hpp>

#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace zahl::cli {
namespace {

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

int main_with(int argc, char** argv) {
  CLI::App app{
      "Zahl: compiles quantized networks for an int8 NPU and runs them, cycle by cycle and integer "
      "by integer"};
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", ZAHL_VERSION);
  const std::vector<Verb> verbs = {add_compile(app),    add_run(app),     add_cosim(app),
                                   add_disasm(app),     add_explain(app), add_prove(app),
                                   add_completion(app), add_man(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  for (const Verb& verb : verbs)
    if (verb.app->parsed()) return verb.run();
  return 2;  // not reached: one verb is required
}

}  // namespace
}  // namespace zahl::cli

int main(int argc, char** argv) {
  return zahl::cli::exit_code_of([&] { return zahl::cli::main_with(argc, argv); });
}
