#include "sim/top/device.h"

namespace zahl::sim {

void Device::configure(const hw::Config& config, const RunOptions& options) {
  state_.config = config;
  state_.compute_values = options.compute_values;
  state_.trace_instructions = options.trace_instructions;
  storage_.reset(config);
  post_.clear_tables();
  control_.reset();
  registers_.reset();
}

std::vector<InstructionTrace> Device::take_trace() {
  std::vector<InstructionTrace> trace = std::move(state_.trace);
  std::erase_if(trace, [](const InstructionTrace& instruction) { return instruction.end == 0; });
  return trace;
}

}  // namespace zahl::sim

// The SystemC library asks for an entry point; this library is used from an ordinary main and has
// none to offer.
int sc_main(int, char**) { return 0; }
