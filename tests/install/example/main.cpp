// Compiles a model, runs it on the SystemC model on random bytes, and prints cycles and outputs.
#include <cstdio>

#include "compiler/driver/compile.h"
#include "host/boundary.h"
#include "isa/config.h"
#include "sim/top/model.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const zahl::Program program =
      zahl::compiler::compile_model(argv[1], zahl::hw::load_config("edge16"));
  const zahl::DeviceProgram device =
      zahl::host::loaded_device(program, zahl::host::random_inputs(program, 1), "");
  const zahl::RunResult run =
      zahl::sim::run_model(program.config, zahl::hw::load_memory("dram"), device, {});
  std::printf("%lld cycles\n", static_cast<long long>(run.cycles));
  for (const auto& [name, array] : zahl::host::take_outputs(program, run.memory))
    std::printf("%s: %zu numbers\n", name.c_str(), array.shape.empty() ? 0 : array.shape.back());
  return run.error == zahl::isa::Error::None ? 0 : 1;
}
