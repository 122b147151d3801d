// Machine and memory configurations: presets, TOML files, overrides. Throws zahl::UserError with
// one sentence.
#pragma once

#include <string>
#include <vector>

#include "generated/isa.h"

namespace zahl {

// The memory outside the device (docs/machine.md, section 4).
struct MemoryConfig {
  std::string name = "dram";
  int latency_cycles = 100;
  int bytes_per_cycle = 16;
};

}  // namespace zahl

namespace zahl::hw {

// `preset_or_path` is a preset's name (edge16, tiny8, wide32) or a .toml file with exactly the
// parameters of isa/hw.toml.
Config load_config(const std::string& preset_or_path);

// `preset_or_path` is a preset's name (dram, onchip) or a .toml file with latency_cycles and
// bytes_per_cycle.
MemoryConfig load_memory(const std::string& preset_or_path);

// Applies "key=value" settings; keys of the memory start with "memory.".
void apply_settings(const std::vector<std::string>& settings, Config& config, MemoryConfig& memory);

// Checks ranges and the relations between parameters.
void check_config(const Config& config);

std::vector<std::string> machine_preset_names();
std::vector<std::string> memory_preset_names();

}  // namespace zahl::hw
