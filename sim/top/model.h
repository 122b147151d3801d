// The SystemC model as an engine: runs a program on a machine and tells what happened
// (contract/run.h).
#pragma once

#include "contract/run.h"
#include "generated/isa.h"

namespace zahl::sim {

// May be called any number of times, with any configurations, from one thread at a time. The
// program is taken by value: move it in to save the copy of its memory. Fills all of RunResult;
// without compute_values only the program itself is read from memory, and hashes are 0. Throws
// UserError for a program that is not at a multiple of 512, and std::runtime_error when the program
// waits for what can never come and the watchdog is off.
RunResult run_model(const hw::Config& config, const MemoryConfig& memory, DeviceProgram program,
                    const RunOptions& options);

}  // namespace zahl::sim
