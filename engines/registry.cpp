#include "engines/registry.h"

#include <future>

#include "engines/compare/compare_runs.h"
#include "engines/reference/program_interpreter.h"
#include "isa/error.h"
#include "sim/top/model.h"
#ifdef ZAHL_HAS_RTL
#include "engines/rtl_harness/rtl_machine.h"
#endif

namespace zahl::engines {
namespace {

RunResult run_rtl_engine(const hw::Config& config, const MemoryConfig& memory,
                         const DeviceProgram& device, const RunOptions& options) {
#ifdef ZAHL_HAS_RTL
  return rtl::run_rtl(config, memory, device, options);
#else
  static_cast<void>(config), static_cast<void>(memory), static_cast<void>(device),
      static_cast<void>(options);
  throw UserError("this build has no RTL; configure it with -DZAHL_RTL=ON");
#endif
}

}  // namespace

RunResult run_engine(const std::string& engine, const hw::Config& config,
                     const MemoryConfig& memory, DeviceProgram device, const RunOptions& options) {
  if (engine == "reference") return reference::interpret(config, device);
  if (engine == "rtl") return run_rtl_engine(config, memory, device, options);
  return sim::run_model(config, memory, std::move(device), options);
}

bool has_rtl(const hw::Config& config) {
#ifdef ZAHL_HAS_RTL
  return rtl::has_preset(config);
#else
  static_cast<void>(config);
  return false;
#endif
}

Cosim cosimulate(const Program& program, const MemoryConfig& memory, const DeviceProgram& device) {
  const RunOptions options;
  // The RTL is the slow one: it runs beside the model.
  auto rtl = std::async(std::launch::async,
                        [&] { return run_rtl_engine(program.config, memory, device, options); });
  Cosim cosim;
  cosim.model = sim::run_model(program.config, memory, device, options);
  const RunComparison comparison = compare_runs(device, "model", cosim.model, "rtl", rtl.get());
  cosim.is_equal = comparison.is_equal();
  cosim.byte_differences = comparison.byte_differences;
  cosim.cycle_differences = comparison.cycle_differences + comparison.transaction_differences +
                            comparison.counter_differences + comparison.error_differences;
  cosim.report = comparison.first_difference;
  return cosim;
}

}  // namespace zahl::engines
