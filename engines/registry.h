// The three engines behind one door, and two of them side by side.
#pragma once

#include <string>

#include "contract/program.h"
#include "contract/run.h"

namespace zahl::engines {

// `engine` is "reference", "model" or "rtl". Throws UserError where this build lacks it. Move the
// device in to save the copy of its memory.
RunResult run_engine(const std::string& engine, const hw::Config& config,
                     const MemoryConfig& memory, DeviceProgram device, const RunOptions& options);

// Whether this build has RTL with exactly these parameters.
bool has_rtl(const hw::Config& config);

struct Cosim {
  RunResult model;
  bool is_equal = false;
  int64_t cycle_differences = 0;  // instruction starts and ends, transactions' cycles and
                                  // addresses, counters, the run's length
  int64_t byte_differences = 0;
  std::string report;  // of the first difference
};

// Model and RTL on the same program and memory, compared in every byte, instruction, transaction
// and counter.
Cosim cosimulate(const Program& program, const MemoryConfig& memory, const DeviceProgram& device);

}  // namespace zahl::engines
