#include "analysis/estimate.h"

#include "analysis/timeline.h"
#include "engines/registry.h"

namespace zahl::analysis {

namespace {

RunResult run_without_values(const Program& program, const MemoryConfig& memory, bool has_trace) {
  RunOptions options;
  options.compute_values = false;
  options.trace_transactions = false;
  options.trace_instructions = has_trace;
  return engines::run_engine("model", program.config, memory, device_program(program), options);
}

}  // namespace

int64_t cycles_of(const Program& program, const MemoryConfig& memory) {
  return run_without_values(program, memory, false).cycles;
}

Estimate make_estimate(const Program& program, const MemoryConfig& memory) {
  const RunResult run = run_without_values(program, memory, true);
  Estimate estimate{memory, run.cycles, {}};
  for (const LayerTime& time : layer_times(program, run))
    estimate.layer_cycles.push_back(time.cycles);
  return estimate;
}

const Estimate* estimate_for(const Program& program, const MemoryConfig& memory) {
  if (!program.estimate) return nullptr;
  const MemoryConfig& made_for = program.estimate->memory;
  const bool is_same = made_for.latency_cycles == memory.latency_cycles &&
                       made_for.bytes_per_cycle == memory.bytes_per_cycle;
  return is_same ? &*program.estimate : nullptr;
}

}  // namespace zahl::analysis
