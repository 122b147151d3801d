// Runs a program on the Verilated RTL: an engine like the reference and the SystemC model
// (contract/run.h).
#pragma once

#include <string>
#include <vector>

#include "contract/run.h"
#include "generated/isa.h"

namespace zahl::rtl {

// The machine presets that this build was Verilated for (CMake option ZAHL_RTL_PRESETS).
std::vector<std::string> preset_names();

// Whether there is RTL with exactly these parameters; names do not matter.
bool has_preset(const hw::Config& config);

// Runs the program from reset to the interrupt. `compute_values` has no meaning here: RTL always
// computes. Throws UserError if this build has no RTL for the configuration, or a waveform is asked
// for and it was built without (CMake option ZAHL_RTL_TRACE). With a `stall_seed` that is not 0 the
// memory takes addresses and data only in some cycles, at random; the bench then also checks that
// what is shown stays until it is taken (std::logic_error).
RunResult run_rtl(const hw::Config& config, const MemoryConfig& memory,
                  const DeviceProgram& program, const RunOptions& options, uint32_t stall_seed = 0);

}  // namespace zahl::rtl
