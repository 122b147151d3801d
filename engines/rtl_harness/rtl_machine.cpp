#include "engines/rtl_harness/rtl_machine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "isa/config.h"
#include "isa/error.h"

namespace zahl::rtl {

// One function for each preset, made by CMake from preset.cpp.in.
#define ZAHL_RTL_PRESET(name)                                                        \
  RunResult run_##name(const hw::Config&, const MemoryConfig&, const DeviceProgram&, \
                       const RunOptions&, uint32_t);
#include "rtl_presets.inc"
#undef ZAHL_RTL_PRESET

namespace {

using Run = RunResult (*)(const hw::Config&, const MemoryConfig&, const DeviceProgram&,
                          const RunOptions&, uint32_t);

struct Preset {
  std::string name;
  hw::Config config;
  Run run = nullptr;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
#define ZAHL_RTL_PRESET(name) Preset{#name, hw::load_config(#name), &run_##name},
#include "rtl_presets.inc"
#undef ZAHL_RTL_PRESET
  };
  return all;
}

bool same_parameters(const hw::Config& a, const hw::Config& b) {
  return std::ranges::all_of(hw::kParameters,
                             [&](const auto& p) { return a.*p.member == b.*p.member; });
}

const Preset* find(const hw::Config& config) {
  const auto it = std::ranges::find_if(
      presets(), [&](const Preset& p) { return same_parameters(p.config, config); });
  return it == presets().end() ? nullptr : &*it;
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

bool has_preset(const hw::Config& config) { return find(config) != nullptr; }

RunResult run_rtl(const hw::Config& config, const MemoryConfig& memory,
                  const DeviceProgram& program, const RunOptions& options, uint32_t stall_seed) {
  const Preset* preset = find(config);
  if (preset == nullptr) {
    throw UserError(
        fmt::format("there is no RTL for the configuration '{}' in this build, which has {}: use "
                    "one of these, or add a preset "
                    "with the CMake option ZAHL_RTL_PRESETS",
                    config.name, fmt::join(preset_names(), ", ")));
  }
#ifndef ZAHL_RTL_TRACE
  if (!options.waveform_path.empty()) {
    throw UserError(
        "this build of the RTL writes no waveforms: configure it with the CMake option "
        "ZAHL_RTL_TRACE=ON");
  }
#endif
  return preset->run(config, memory, program, options, stall_seed);
}

}  // namespace zahl::rtl
