// Queues: what is full, what waits, and for whom.
#include "tests/unit/rtl/small_program.h"

namespace zahl::rtl {
namespace {

TEST(Issue, FullQueueHoldsTheInstructionsOfOtherUnitsBack) {
  const hw::Config config = hw::load_config("edge16");
  // A load of many bursts, then more loads than the queue holds, then a store that waits for
  // nothing.
  isa::Load many = copy<isa::Load>(config, 0, 0, 8);
  many.rows = 2000;
  std::vector<isa::Instruction> code = {many};
  for (int n = 0; n < 9; ++n) code.emplace_back(copy<isa::Load>(config, 0, 0, 8));
  code.emplace_back(copy<isa::Store>(config, 40000, 0, 8));
  const RunResult result = rtl::run_rtl(config, memory_of(100, 16), program_of(code), {});
  ASSERT_EQ(result.instructions.size(), 11u);
  // Loads 1 to 8 fill the queue, load 9 is at the head of dispatch until load 1 has started, the
  // store comes after it.
  EXPECT_EQ(result.instructions[10].start, result.instructions[1].start + 3);
  EXPECT_GT(counter(result, isa::Counter::DispatchFull), 0u);
}

TEST(Issue, UnitHoldsNoMoreThanDmaInstructionsInFlight) {
  const hw::Config config = hw::load_config("edge16");
  const std::vector<isa::Instruction> code(12, copy<isa::Store>(config, 0, 0, 16));
  const RunResult result = rtl::run_rtl(config, memory_of(300, 16), program_of(code), {});
  ASSERT_EQ(result.instructions.size(), 12u);
  for (size_t n = 8; n < 12; ++n)
    EXPECT_GE(result.instructions[n].start, result.instructions[n - 8].end);
  EXPECT_EQ(result.instructions[8].start, result.instructions[0].end);
}

TEST(Issue, WaitIsCountedForTheFirstUnitWhoseTokenIsMissing) {
  const hw::Config config = hw::load_config("tiny8");
  isa::Load load = copy<isa::Load>(config, 0, 0, 8);
  load.common.wait = {0, 1, 1, 1};
  RunOptions options;
  options.watchdog_cycles = 100;
  const RunResult result = rtl::run_rtl(config, memory_of(1, 8), program_of({load}), options);
  EXPECT_EQ(result.error, isa::Error::Watchdog);
  EXPECT_GT(counter(result, isa::Counter::LoadWaitStore), 90u);
  EXPECT_EQ(counter(result, isa::Counter::LoadWaitArray), 0u);
  EXPECT_EQ(counter(result, isa::Counter::LoadWaitPost), 0u);
}

TEST(Issue, DispatchIsEmptyUntilTheFirstInstructionArrives) {
  const hw::Config config = hw::load_config("edge16");
  const RunResult result =
      rtl::run_rtl(config, memory_of(30, 16), program_of({copy<isa::Load>(config, 0, 0, 16)}), {});
  EXPECT_EQ(counter(result, isa::Counter::DispatchEmpty),
            static_cast<uint64_t>(result.transactions[0].last));
  EXPECT_EQ(counter(result, isa::Counter::Cycles), static_cast<uint64_t>(result.cycles));
}

}  // namespace
}  // namespace zahl::rtl
