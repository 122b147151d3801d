// Short programs for the RTL's own tests: instructions behind 64 KiB of data that is never the same
// twice.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "engines/rtl_harness/rtl_machine.h"
#include "isa/config.h"
#include "isa/encoding.h"

namespace zahl::rtl {

inline constexpr uint32_t kDataBytes = 1 << 16;

inline std::vector<uint8_t> test_data() {
  std::vector<uint8_t> data(kDataBytes);
  uint32_t state = 12345;
  for (uint8_t& byte : data)
    byte = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return data;
}

inline DeviceProgram program_of(const std::vector<isa::Instruction>& code) {
  DeviceProgram program;
  std::vector<uint8_t> memory = test_data();
  program.program_address = memory.size();
  program.instruction_count = static_cast<uint32_t>(code.size());
  for (const auto& instruction : code) {
    const isa::Word word = isa::encode(instruction);
    memory.insert(memory.end(), word.begin(), word.end());
  }
  program.memory = memory;
  return program;
}

// One row between DRAM and scratchpad, all banks claimed.
template <typename Copy>
Copy copy(const hw::Config& config, uint64_t dram, uint32_t scratchpad, uint32_t bytes) {
  Copy instruction;
  const uint32_t banks =
      config.scratchpad_banks == 32 ? 0xFFFFFFFFu : (1u << config.scratchpad_banks) - 1;
  (std::is_same_v<Copy, isa::Load> ? instruction.common.write_banks
                                   : instruction.common.read_banks) = banks;
  instruction.dram = dram;
  instruction.scratchpad = scratchpad;
  instruction.rows = 1;
  instruction.row_bytes = bytes;
  return instruction;
}

inline MemoryConfig memory_of(int latency_cycles, int bytes_per_cycle) {
  return {.name = "test", .latency_cycles = latency_cycles, .bytes_per_cycle = bytes_per_cycle};
}

inline uint64_t counter(const RunResult& result, isa::Counter which) {
  return result.counters[static_cast<size_t>(which)];
}

// A fact about the same memory on every preset.
struct Setting {
  std::string preset;
  int latency, rate;
};
inline const std::vector<Setting> kSettings = {{"edge16", 1, 16},  {"edge16", 40, 8},
                                               {"edge16", 200, 4}, {"tiny8", 1, 16},
                                               {"tiny8", 40, 8},   {"tiny8", 200, 4}};
inline std::string name_of(const testing::TestParamInfo<Setting>& info) {
  return info.param.preset + "_" + std::to_string(info.param.latency) + "_" +
         std::to_string(info.param.rate);
}

}  // namespace zahl::rtl
