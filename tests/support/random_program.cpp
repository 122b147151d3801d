#include "tests/support/random_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/random_instructions.h"

namespace zahl::test {
namespace {

using AddInstruction = bool (*)(ProgramBuilder&);

// Array and drain come up most, as in real programs.
constexpr std::array<AddInstruction, 15> kKinds = {
    add_random_load,    add_random_load,      add_random_store,     add_random_conv,
    add_random_conv,    add_random_conv,      add_random_depthwise, add_random_depthwise,
    add_random_drain,   add_random_drain,     add_random_drain,     add_random_eltwise,
    add_random_eltwise, add_random_set_table, add_random_softmax};

// A few programs use a single kind again and again, so that its queue fills and its pipeline never
// empties.
void add_instructions(ProgramBuilder& builder) {
  Random& random = builder.random();
  const int64_t wanted = random.between(5, 52);
  const bool prefers_one_kind = random.one_in(6);
  const AddInstruction preferred =
      kKinds[static_cast<size_t>(random.between(0, kKinds.size() - 1))];
  for (int64_t i = 0; i < 2 * wanted && builder.length() < wanted; ++i) {
    const bool is_preferred = prefers_one_kind && !random.one_in(4);
    (is_preferred ? preferred
                  : kKinds[static_cast<size_t>(random.between(0, kKinds.size() - 1))])(builder);
  }
}

}  // namespace

DeviceProgram RandomProgram::device_program() const {
  DeviceProgram result;
  result.memory = memory;
  result.program_address = program_address;
  result.instruction_count = static_cast<uint32_t>(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    const uint64_t at = program_address + i * isa::kInstructionBytes;
    if (at + isa::kInstructionBytes > memory.size()) break;
    std::ranges::copy(words[i], result.memory.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return result;
}

std::string RandomProgram::listing() const {
  std::string text = fmt::format(
      "seed {} on {}, mistake: {}, {} instructions at {:#x}, {} bytes of DRAM\n", seed, config.name,
      kMistakeNames[static_cast<size_t>(mistake)], words.size(), program_address, memory.size());
  for (size_t i = 0; i < words.size(); ++i) {
    std::string why;
    const auto instruction = isa::decode_legal(words[i], config, &why);
    text += fmt::format("  {:4} {}\n", i,
                        instruction ? isa::disassemble(*instruction) : "illegal: " + why);
  }
  return text;
}

RandomProgram random_program(const hw::Config& config, uint64_t seed) {
  ProgramBuilder builder(config, seed);
  add_instructions(builder);
  builder.store_windows();
  RandomProgram result;
  result.seed = seed;
  result.config = config;
  result.memory = builder.memory();
  result.program_address = builder.program_address();
  for (const isa::Instruction& x : builder.program()) result.words.push_back(isa::encode(x));
  return result;
}

MemoryConfig rotating_memory(uint64_t seed) {
  static constexpr std::array<std::array<int, 2>, 4> kSettings = {
      {{1, 16}, {40, 8}, {200, 4}, {7, 3}}};
  const auto& [latency, bytes] = kSettings[seed % kSettings.size()];
  return {fmt::format("latency {}, {} bytes per cycle", latency, bytes), latency, bytes};
}

}  // namespace zahl::test
