// Seeded random programs that every engine must run alike, and seeded programs with one mistake
// each.
//
// A good program is legal, touches nothing undefined, and its waits order every hazard and no more,
// so that units overlap. It ends with stores of all that it has computed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "contract/run.h"
#include "isa/encoding.h"

namespace zahl::test {

enum class Mistake : uint8_t {
  None,
  UnknownOpcode,
  ReservedBit,
  BrokenRule,
  MissingBank,     // claims a bank that the machine does not have
  UnclaimedBank,   // touches a bank that it does not claim
  PastScratchpad,  // ends after the last byte of the scratchpad
  PastAccumulators,
  LineMemory,  // a window with places past the line memory
  PastDram,
  ProgramPastDram,
  Ownership,      // claims a port that another unit may hold at the same time
  MissingToken,   // waits for more instructions than there are
  ShortWatchdog,  // the watchdog bites before long instructions end
};
inline constexpr std::array<std::string_view, 14> kMistakeNames = {
    "none",          "unknown opcode", "reserved bit",      "broken rule",
    "missing bank",  "unclaimed bank", "past scratchpad",   "past accumulators",
    "line memory",   "past dram",      "program past dram", "ownership",
    "missing token", "short watchdog"};

struct RandomProgram {
  uint64_t seed = 0;
  Mistake mistake = Mistake::None;
  hw::Config config;
  std::vector<uint8_t> memory;  // without the instructions
  uint64_t program_address = 0;
  std::vector<isa::Word> words;
  uint32_t watchdog_cycles = 1u << 16;  // far more than any single instruction here takes

  DeviceProgram device_program() const;
  // Seed, mistake and the disassembly of each instruction.
  std::string listing() const;
};

RandomProgram random_program(const hw::Config& config, uint64_t seed);

// A random program with one mistake in it; the kinds take turns with the seed. Ownership and
// ShortWatchdog may turn out harmless.
RandomProgram random_wrong_program(const hw::Config& config, uint64_t seed);

// The memory settings that the tests take in turn.
MemoryConfig rotating_memory(uint64_t seed);

}  // namespace zahl::test
