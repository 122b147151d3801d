#include "engines/compare/compare_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "isa/encoding.h"

namespace zahl {
namespace {

// Two instructions, of which the second stores to 0x400, and a plausible run.
struct Scene {
  Scene() {
    isa::Store store;
    store.dram = 0x400, store.scratchpad = 0x20, store.row_bytes = 8;
    program.memory.resize(0x800);
    program.instruction_count = 2;
    put(0, isa::Load{});
    put(1, store);
    a.cycles = 300;
    a.memory = program.memory;
    a.instructions = {{0, isa::Unit::Load, 20, 60}, {1, isa::Unit::Store, 60, 90}};
    a.transactions = {{Transaction::Kind::Fetch, 1, 10, 0, 8, 5},
                      {Transaction::Kind::Store, 70, 89, 0x400, 1, 6}};
    b = a;
  }
  void put(size_t index, const isa::Instruction& instruction) {
    const isa::Word word = isa::encode(instruction);
    std::ranges::copy(word, program.memory.begin() + static_cast<std::ptrdiff_t>(64 * index));
  }
  RunComparison compare(const CompareOptions& options = {}) const {
    return compare_runs(program, "model", a, "rtl", b, options);
  }
  DeviceProgram program;
  RunResult a, b;
};

TEST(CompareRuns, EqualRunsHaveNoFirstDifference) {
  const RunComparison result = Scene().compare();
  EXPECT_TRUE(result.is_equal());
  EXPECT_EQ(result.first_difference, "");
}

TEST(CompareRuns, NamesTheEarliestInstructionThatStartsLater) {
  Scene scene;
  scene.b.instructions[1].start = 61;
  scene.b.instructions[1].end = 91;
  scene.b.cycles = 301;
  const RunComparison result = scene.compare();
  EXPECT_EQ(result.cycle_differences, 3);
  EXPECT_EQ(result.first_difference, "cycle 60: instruction 1 (store unit)\n    " +
                                         isa::disassemble(*isa::decode(std::span<const uint8_t, 64>(
                                             scene.program.memory.data() + 64, 64))) +
                                         "\n   : start is 60 in model, 61 in rtl");
}

TEST(CompareRuns, NamesAnInstructionThatRanInOneEngineAlone) {
  Scene scene;
  scene.b.instructions.pop_back();
  EXPECT_NE(scene.compare().first_difference.find("started in model alone"), std::string::npos);
}

TEST(CompareRuns, TellsTransactionsThatDifferInDataFromOthers) {
  Scene scene;
  scene.b.transactions[1].data_hash = 7;
  EXPECT_EQ(scene.compare().byte_differences, 1);
  EXPECT_EQ(scene.compare().transaction_differences, 0);
  EXPECT_TRUE(scene.compare({.compare_times = true, .compare_bytes = false}).is_equal());
  scene.b.transactions[1].address = 0x410;
  EXPECT_EQ(scene.compare().transaction_differences, 1);
  EXPECT_NE(scene.compare().first_difference.find("address is 1024 in model, 1040 in rtl"),
            std::string::npos);
}

TEST(CompareRuns, NamesTheStoreThatWroteADifferentByte) {
  Scene scene;
  scene.b.memory[0x403] = 9;
  const RunComparison result = scene.compare();
  EXPECT_EQ(result.byte_differences, 1);
  EXPECT_NE(result.first_difference.find("scratchpad byte 0x23 written by instruction 1"),
            std::string::npos);
}

TEST(CompareRuns, CountsCountersAndErrors) {
  Scene scene;
  scene.b.counters[3] = 1;
  scene.b.error = isa::Error::Range;
  scene.b.error_index = 1;
  const RunComparison result = scene.compare();
  EXPECT_EQ(result.counter_differences, 1);
  EXPECT_EQ(result.error_differences, 2);
  EXPECT_EQ(scene.compare({.compare_times = false, .compare_bytes = true}).counter_differences, 0);
}

}  // namespace
}  // namespace zahl
