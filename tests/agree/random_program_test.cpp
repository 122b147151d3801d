#include "tests/support/random_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engines/reference/program_interpreter.h"
#include "isa/config.h"
#include "tests/support/hazard_check.h"
#include "tests/support/program_shrinker.h"
#include "tests/support/random.h"
#include "tests/support/wait_assignment.h"

namespace zahl::test {
namespace {

constexpr uint64_t kPrograms = 120;

std::vector<isa::Instruction> instructions_of(const RandomProgram& program) {
  std::vector<isa::Instruction> result;
  for (const isa::Word& word : program.words)
    result.push_back(*isa::decode_legal(word, program.config));
  return result;
}

// Another order in which the units could run the same program, instruction by instruction. It
// stands behind the rest of the memory, because loads may read the program as it was.
DeviceProgram reordered(const RandomProgram& program, Random& random) {
  const auto instructions = instructions_of(program);
  std::array<std::vector<size_t>, isa::kUnitCount> queues;
  for (size_t i = 0; i < instructions.size(); ++i) {
    queues[static_cast<size_t>(isa::unit_of(instructions[i]))].push_back(i);
  }
  std::array<uint32_t, isa::kUnitCount> done{};
  DeviceProgram result = program.device_program();
  result.program_address = (result.memory.size() + 511) / 512 * 512;
  result.memory.resize(result.program_address + program.words.size() * isa::kInstructionBytes);
  for (size_t placed = 0; placed < program.words.size();) {
    const auto unit = static_cast<size_t>(random.between(0, isa::kUnitCount - 1));
    if (done[unit] == queues[unit].size()) continue;
    const size_t next = queues[unit][done[unit]];
    const auto& wait = isa::common_of(instructions[next]).wait;
    bool is_ready = true;
    for (size_t u = 0; u < wait.size(); ++u) is_ready = is_ready && done[u] >= wait[u];
    if (!is_ready) continue;
    ++done[unit];
    std::ranges::copy(program.words[next], result.memory.begin() + result.program_address +
                                               isa::kInstructionBytes * placed++);
  }
  return result;
}

class RandomPrograms : public testing::TestWithParam<const char*> {
 protected:
  hw::Config config_ = hw::load_config(GetParam());
};

TEST_P(RandomPrograms, AreRaceFree) {
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const RandomProgram program = random_program(config_, seed);
    const auto hazard = find_hazard(config_, instructions_of(program));
    ASSERT_FALSE(hazard.has_value()) << program.listing() << hazard->text;
  }
}

TEST_P(RandomPrograms, RunWithoutErrorAndGiveTheSameBytesInAnyOrderThatTheWaitsAllow) {
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const RandomProgram program = random_program(config_, seed);
    Random random(seed);
    const RunResult straight = reference::interpret(config_, program.device_program());
    ASSERT_EQ(straight.error, isa::Error::None) << straight.error_index << "\n"
                                                << program.listing();
    ASSERT_FALSE(reference::meets_unspecified_data(config_, program.device_program()))
        << program.listing();
    RunResult other = reference::interpret(config_, reordered(program, random));
    other.memory.resize(straight.memory.size());
    ASSERT_TRUE(straight.memory == other.memory) << program.listing();
  }
}

TEST_P(RandomPrograms, AreTheSameForTheSameSeedAndOthersForOthers) {
  const RandomProgram a = random_program(config_, 7), b = random_program(config_, 7),
                      c = random_program(config_, 8);
  EXPECT_EQ(a.words, b.words);
  EXPECT_EQ(a.memory, b.memory);
  EXPECT_NE(a.words, c.words);
}

TEST_P(RandomPrograms, UseEveryInstructionAndMostWaitsAndManyUnitsAtOnce) {
  std::map<std::string_view, int> kinds;
  size_t instructions = 0, waits = 0;
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    for (const auto& x : instructions_of(random_program(config_, seed))) {
      ++kinds[std::visit([](const auto& y) { return y.kName; }, x)];
      ++instructions;
      for (const uint32_t wait : isa::common_of(x).wait) waits += wait != 0 ? 1 : 0;
    }
  }
  for (const auto& [name, count] : kinds) {
    RecordProperty(std::string(name), count);
    EXPECT_GE(count, 60) << name;
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<isa::Instruction>);
  RecordProperty("instructions", static_cast<int>(instructions));
  RecordProperty("waits", static_cast<int>(waits));
  EXPECT_LT(waits, 2 * instructions);
}

TEST_P(RandomPrograms, UseTheLineMemoryAndSecondStreamsInEveryWay) {
  std::map<std::string, int> cases;
  for (uint64_t seed = 0; seed < 2 * kPrograms; ++seed) {
    for (const auto& instruction : instructions_of(random_program(config_, seed))) {
      if (const auto* conv = std::get_if<isa::Conv>(&instruction)) {
        cases["split"] += conv->split != 0 ? 1 : 0;
        cases["split and padding"] += conv->split != 0 && conv->input_x < 0 ? 1 : 0;
      }
      const auto* x = std::get_if<isa::Depthwise>(&instruction);
      if (x == nullptr) continue;
      const int64_t width = (int64_t{x->out_columns} - 1) * x->x_step + x->tap_columns;
      const std::string pairs = x->pairs ? width % 2 == 0 ? ", even pairs" : ", odd pairs" : "";
      const std::string blocks = x->blocks > 1 ? ", blocks" : "";
      ++cases[(x->resume ? "resumed " : "fresh ") + std::to_string(x->tap_rows) + pairs];
      if (x->tap_rows > 1) ++cases[(x->resume ? "resumed" : "fresh") + blocks];
      if (x->resume && x->tap_rows > 1)
        ++cases["resumed by " + std::to_string(std::min(x->y_step, 4u))];
    }
  }
  for (const auto& [name, count] : cases) RecordProperty(name, count);
  for (const std::string begin : {"fresh", "resumed"}) {
    EXPECT_GE(cases[begin + ", blocks"], 10);
    for (const std::string rows : {" 1", " 2", " 3"})
      for (const std::string pairs : {"", ", even pairs", ", odd pairs"}) {
        EXPECT_GE(cases[begin + rows + pairs], 3) << begin << rows << pairs;
      }
  }
  for (const std::string step : {"1", "2", "3", "4"})
    EXPECT_GE(cases["resumed by " + step], 2) << step;
  EXPECT_GE(cases["split"], 50);
  EXPECT_GE(cases["split and padding"], 10);
}

TEST_P(RandomPrograms, CoverTheRangeOfEveryField) {
  // Fields whose range is the machine's memory, not the field's, are left out.
  const std::set<std::string_view> bounded = {
      "dram",     "scratchpad",  "rows",   "row_bytes",     "weights",         "params",
      "result",   "a",           "b",      "accumulator",   "source",          "exponentials",
      "out_rows", "out_columns", "blocks", "chunks",        "kernel_rows",     "kernel_columns",
      "passes",   "tap_columns", "split",  "last_channels", "input_row_limit", "input_y_limit",
      "input_x",  "input_y"};
  std::map<std::string, std::pair<int64_t, int64_t>> seen;
  std::map<std::string, isa::FieldInfo> fields;
  for (uint64_t seed = 0; seed < 4 * kPrograms; ++seed) {
    for (const auto& instruction : instructions_of(random_program(config_, seed))) {
      std::visit(
          [&](const auto& x) {
            isa::for_each_field(x, [&](const isa::FieldInfo& info, const auto& value) {
              const std::string name = std::string(x.kName) + "." + std::string(info.name);
              const auto number = static_cast<int64_t>(value);
              auto [at, is_new] = seen.try_emplace(name, number, number);
              at->second.first = std::min(at->second.first, number);
              at->second.second = std::max(at->second.second, number);
              fields.emplace(name, info);
            });
          },
          instruction);
    }
  }
  for (const auto& [name, info] : fields) {
    if (bounded.contains(info.name)) continue;
    const int64_t span = int64_t{1} << info.bits;
    const int64_t low = info.is_signed ? -span / 2 : info.bias,
                  high = info.is_signed ? span / 2 - 1 : span - 1 + info.bias;
    const bool has_enum_gap = name == "eltwise.operation" || name == "depthwise.tap_rows";
    EXPECT_EQ(seen[name].first, low) << name;
    EXPECT_EQ(seen[name].second, has_enum_gap ? high - 1 : high) << name;
  }
}

TEST_P(RandomPrograms, WithAMistakeInOneInstructionGiveItsError) {
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const RandomProgram program = random_wrong_program(config_, seed);
    const RunResult run = reference::interpret(config_, program.device_program());
    isa::Error expected = isa::Error::None;
    switch (program.mistake) {
      case Mistake::UnknownOpcode:
      case Mistake::ReservedBit:
      case Mistake::BrokenRule:
      case Mistake::MissingBank:
      case Mistake::ProgramPastDram:
        expected = isa::Error::IllegalInstruction;
        break;
      case Mistake::UnclaimedBank:
      case Mistake::PastScratchpad:
      case Mistake::PastAccumulators:
      case Mistake::LineMemory:
        expected = isa::Error::Range;
        break;
      case Mistake::PastDram:
        expected = isa::Error::Bus;
        break;
      default:
        break;
    }
    ASSERT_EQ(run.error, expected) << program.listing();
  }
}

TEST_P(RandomPrograms, ShrinkToTheInstructionThatMatters) {
  const auto has_drain = [](const RandomProgram& candidate) {
    return std::ranges::any_of(candidate.words, [](const isa::Word& word) {
      return word[0] == static_cast<uint8_t>(isa::Opcode::Drain);
    });
  };
  RandomProgram program = random_program(config_, 0);
  for (uint64_t seed = 1; !has_drain(program); ++seed) program = random_program(config_, seed);
  const RandomProgram small = shrink(program, has_drain);
  EXPECT_TRUE(has_drain(small));
  EXPECT_LE(small.words.size(), 10u) << small.listing();
  EXPECT_FALSE(find_hazard(config_, instructions_of(small)).has_value()) << small.listing();
}

INSTANTIATE_TEST_SUITE_P(Presets, RandomPrograms, testing::Values("edge16", "tiny8", "wide32"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace zahl::test
