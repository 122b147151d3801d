#include "certificate/levels/check_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

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

// The host's side of the run, for the judge of the file: its inputs as they were given and what
// quantizes them.
void keep_given(const Program& program, const std::map<std::string, host::Array>& given,
                std::map<std::string, host::Array>& arrays) {
  Json ports = Json::array();
  for (const HostTensor& t : program.inputs) {
    ports.push_back({{"name", t.name}, {"scale", t.scale}, {"zero_point", t.zero_point}});
    const auto named = given.find(t.name);
    arrays["given." + t.name] = named == given.end() ? given.at("") : named->second;
  }
  arrays["ports"] = text_array(ports.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Level check_run(const ir::Graph& graph, const Program& program, const RunRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  DeviceProgram device = device_program(program);
  const auto given =
      request.inputs.empty() ? host::random_inputs(program, request.seed) : request.inputs;
  host::place_inputs(program, given, device.memory);
  std::map<std::string, host::Array> arrays = export_graph(graph);
  keep_given(program, given, arrays);
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
    for (auto& [name, array] : host::take_outputs(program, run.memory))
      arrays[fmt::format("answer.{}.{}", engine, name)] = std::move(array);
  }
  const ScratchFolder folder;
  const std::string kept = request.keep.empty() ? folder.file("run.npz") : request.keep;
  host::save_arrays(kept, arrays);
  Level level = run_script(5, kTitle, request.source, {kept, "--model", request.model});
  add_check(level, "every engine ran to its end", failures,
            fmt::format("{}", fmt::join(engines, ", ")),
            {{"input", request.inputs.empty() ? fmt::format("random, seed {}", request.seed)
                                              : std::string("given")},
             {"engines", engines}});
  level.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return level;
}

}  // namespace zahl::certificate
