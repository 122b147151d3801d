#include "certificate/levels/check_run.h"

#include <fmt/format.h>

#include "certificate/levels/graph_export.h"
#include "certificate/levels/scripts.h"
#include "engines/registry.h"
#include "host/boundary.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl::certificate {
namespace {

constexpr const char* kTitle = "Run";

// The bytes of a port as the device has them.
host::Array port_bytes(const HostTensor& t, const MemoryImage& memory) {
  std::vector<int8_t> bytes(t.bytes);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<int8_t>(memory[t.address + i]);
  host::Array array = int8_array(bytes);
  array.shape.assign(t.nhwc.begin(), t.nhwc.end());
  return array;
}

}  // namespace

Level check_run(const ir::Graph& graph, const Program& program, const RunRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  DeviceProgram device = device_program(program);
  host::place_inputs(
      program, request.inputs.empty() ? host::random_inputs(program, request.seed) : request.inputs,
      device.memory);
  std::map<std::string, host::Array> arrays = export_graph(graph);
  for (size_t i = 0; i < program.inputs.size(); ++i)
    arrays[fmt::format("input.{}", i)] = port_bytes(program.inputs[i], device.memory);

  RunOptions options;
  options.trace_instructions = options.trace_transactions = false;
  std::vector<std::string> engines = {"reference", "model"}, failures;
  if (request.wants_rtl) engines.push_back("rtl");
  for (const std::string& engine : engines) {
    const RunResult run =
        engines::run_engine(engine, program.config, request.memory, device, options);
    if (run.error != isa::Error::None) {
      failures.push_back(fmt::format("the {} stopped at instruction {}: {}", engine,
                                     run.error_index,
                                     isa::kErrorNames[static_cast<size_t>(run.error)]));
      continue;
    }
    for (size_t i = 0; i < program.outputs.size(); ++i)
      arrays[fmt::format("output.{}.{}", engine, i)] = port_bytes(program.outputs[i], run.memory);
  }
  const ScratchFolder folder;
  const std::string kept = request.keep.empty() ? folder.file("run.npz") : request.keep;
  host::save_arrays(kept, arrays);
  Level level = run_script(5, kTitle, request.source, {kept});
  add_check(level, "every engine ran to its end", failures,
            fmt::format("{}", fmt::join(engines, ", ")),
            {{"input", request.inputs.empty() ? fmt::format("random, seed {}", request.seed)
                                              : std::string("given")},
             {"engines", engines}});
  level.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return level;
}

}  // namespace zahl::certificate
