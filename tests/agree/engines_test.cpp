// Random programs on every engine of this build: reference and RTL must agree in all bytes, model
// and RTL in everything. A failure prints the seed, the smallest program that still fails, and the
// first difference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engines/compare/compare_runs.h"
#include "engines/reference/program_interpreter.h"
#include "isa/config.h"
#include "tests/support/program_shrinker.h"
#include "tests/support/random_program.h"
#ifdef ZAHL_HAS_MODEL
#include "sim/top/model.h"
#endif
#ifdef ZAHL_HAS_RTL
#include "engines/rtl_harness/rtl_machine.h"
#endif

namespace zahl::test {
namespace {

// Each range is a test of its own, so that ctest runs them side by side.
constexpr uint64_t kRanges = 8;
constexpr uint64_t kProgramsPerRange = 125;
constexpr uint64_t kWrongProgramsPerRange = 65;  // five of each mistake

struct NamedRun {
  std::string_view name;
  RunResult result;
};

std::vector<NamedRun> run_on_machines(const RandomProgram& program, const DeviceProgram& device) {
  RunOptions options;
  options.watchdog_cycles = program.watchdog_cycles;
  const MemoryConfig memory = rotating_memory(program.seed);
  std::vector<NamedRun> runs;
  static_cast<void>(device);
#ifdef ZAHL_HAS_MODEL
  runs.push_back({"model", sim::run_model(program.config, memory, device, options)});
#endif
#ifdef ZAHL_HAS_RTL
  if (rtl::has_preset(program.config))
    runs.push_back({"rtl", rtl::run_rtl(program.config, memory, device, options)});
#endif
  return runs;
}

// Accumulators and bytes that an instruction with a range fault makes are not part of the contract.
bool has_undefined_bytes(Mistake mistake) {
  return mistake == Mistake::UnclaimedBank || mistake == Mistake::PastScratchpad ||
         mistake == Mistake::PastAccumulators || mistake == Mistake::LineMemory;
}

// The reference sees the same error, unless it is one of time.
bool is_error_of_time(Mistake mistake) {
  return mistake == Mistake::Ownership || mistake == Mistake::MissingToken ||
         mistake == Mistake::ShortWatchdog;
}

// Empty, or how the engines differ.
std::string difference(const RandomProgram& program) {
  const DeviceProgram device = program.device_program();
  const std::vector<NamedRun> machines = run_on_machines(program, device);
  const auto compare = [&](const NamedRun& a, const NamedRun& b, const CompareOptions& options) {
    return compare_runs(device, a.name, a.result, b.name, b.result, options).first_difference;
  };
  for (size_t i = 1; i < machines.size(); ++i) {
    const std::string text =
        compare(machines[0], machines[i], {true, !has_undefined_bytes(program.mistake)});
    if (!text.empty()) return text;
  }
  if (is_error_of_time(program.mistake)) return "";
  const NamedRun reference{"reference", reference::interpret(program.config, device)};
  for (const NamedRun& machine : machines) {
    const std::string text = compare(reference, machine, {false, program.mistake == Mistake::None});
    if (!text.empty()) return text;
  }
  return "";
}

class Engines : public testing::TestWithParam<std::tuple<const char*, uint64_t>> {
 protected:
  void expect_agreement(RandomProgram (*make)(const hw::Config&, uint64_t), uint64_t count) const {
    const hw::Config config = hw::load_config(std::get<0>(GetParam()));
    for (uint64_t i = 0; i < count; ++i) {
      const RandomProgram program = make(config, std::get<1>(GetParam()) * count + i);
      if (difference(program).empty()) continue;
      const RandomProgram small =
          shrink(program, [](const RandomProgram& x) { return !difference(x).empty(); });
      FAIL() << "seed " << program.seed << ", memory with " << rotating_memory(program.seed).name
             << "\n"
             << small.listing() << difference(small);
    }
  }
};

TEST_P(Engines, AgreeOnRandomPrograms) { expect_agreement(random_program, kProgramsPerRange); }

TEST_P(Engines, AgreeOnProgramsWithAMistake) {
  expect_agreement(random_wrong_program, kWrongProgramsPerRange);
}

TEST_P(Engines, RunTheSameWhateverRanBefore) {
  const hw::Config config = hw::load_config(std::get<0>(GetParam()));
  const uint64_t seed = 10'000 + std::get<1>(GetParam());
  const RandomProgram program = random_program(config, seed);
  const DeviceProgram device = program.device_program();
  const std::vector<NamedRun> before = run_on_machines(program, device);
  // A program that stops in the middle leaves most behind.
  const RandomProgram wrong = random_wrong_program(config, seed);
  run_on_machines(wrong, wrong.device_program());
  const std::vector<NamedRun> after = run_on_machines(program, device);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(
        compare_runs(device, "before", before[i].result, "after", after[i].result).first_difference,
        "")
        << before[i].name << "\n"
        << program.listing();
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, Engines,
                         testing::Combine(testing::Values(ZAHL_AGREE_PRESETS),
                                          testing::Range<uint64_t>(0, kRanges)),
                         [](const auto& one) {
                           return fmt::format("{}_part{}", std::get<0>(one.param),
                                              std::get<1>(one.param) + 1);
                         });

}  // namespace
}  // namespace zahl::test
