#include "cli/estimate.h"

#include "cli/engines.h"
#include "cli/timeline.h"

namespace zahl::cli {

Estimate make_estimate(const Program& program, const MemoryConfig& memory) {
  RunOptions options;
  options.compute_values = false;
  options.trace_transactions = false;
  const RunResult run = run_engine("model", program.config, memory, device_program(program), options);
  Estimate estimate{memory, run.cycles, {}};
  for (const LayerTime& time : layer_times(program, run)) estimate.layer_cycles.push_back(time.cycles);
  return estimate;
}

const Estimate* estimate_for(const Program& program, const MemoryConfig& memory) {
  if (!program.estimate) return nullptr;
  const MemoryConfig& made_for = program.estimate->memory;
  const bool is_same =
      made_for.latency_cycles == memory.latency_cycles && made_for.bytes_per_cycle == memory.bytes_per_cycle;
  return is_same ? &*program.estimate : nullptr;
}

}  // namespace zahl::cli
