// When each error stops the machine, and which instruction it blames; worked out by hand from
// docs/machine.md, section 3.
#include <gtest/gtest.h>

#include "tests/timing/tiny_machine.h"

namespace zahl::test {
namespace {

TEST(Errors, IllegalInstructionStopsWhenNothingIsInFlight) {
  isa::Word nonsense{};
  nonsense[0] = 0xff;
  const RunResult run = TinyMachine().run_words({isa::encode(load_row(8)), nonsense});
  EXPECT_EQ(run.error, isa::Error::IllegalInstruction);
  EXPECT_EQ(run.error_index, 1u);
  // Seen by dispatch in 27, visible in 28; the fetch has ended, the load runs to its end in 33.
  EXPECT_EQ(run.instructions.size(), 1u);
  EXPECT_EQ(run.cycles, 34);
}

TEST(Errors, RangeIsSeenInTheCycleOfTheEnd) {
  isa::Load outside = load_row(8);
  outside.scratchpad = 8192;  // bank 1, which it does not claim
  const RunResult run = TinyMachine().run({outside});
  EXPECT_EQ(run.error, isa::Error::Range);
  EXPECT_EQ(run.error_index, 0u);
  EXPECT_EQ(run.instructions[0].end, 33);
  EXPECT_EQ(run.cycles, 35);  // visible in 34, which is the last cycle
}

TEST(Errors, BusErrorOfALoadPastTheMemory) {
  const RunResult run = TinyMachine().run({load_row(8, 1 << 16)});
  EXPECT_EQ(run.error, isa::Error::Bus);
  EXPECT_EQ(run.cycles, 35);
}

TEST(Errors, OwnershipBlamesTheHigherUnitOneCycleAfterItsStart) {
  // The load holds write port 0 from 20 on; post starts in 28 with the same port.
  isa::Eltwise x;
  x.common.read_banks = 6;
  x.common.write_banks = 1;
  x.a = 8192;
  x.b = 16384;
  x.rows = 1;
  x.row_bytes = 8;
  x.high = 127;
  const RunResult run = TinyMachine().run({load_row(8), x, load_row(8)});
  EXPECT_EQ(run.error, isa::Error::Ownership);
  EXPECT_EQ(run.error_index, 1u);
  // A cause in 29, visible in 30: the third instruction, dispatched in 35 else, is not. Post ends
  // in 28 + 1 + 8 = 37.
  EXPECT_EQ(run.instructions.size(), 2u);
  EXPECT_EQ(run.cycles, 38);
}

TEST(Errors, ClaimsOfOneUnitDoNotConflict) {
  EXPECT_EQ(TinyMachine().run({load_row(8), load_row(8)}).error, isa::Error::None);
}

TEST(Watchdog, BitesWhenTheCountStandsAtTheLimit) {
  isa::Load stuck = load_row(8);
  stuck.common.wait[3] = 1;  // post never ends anything
  TinyMachine machine;
  machine.options.watchdog_cycles = 50;
  const RunResult run = machine.run({stuck});
  EXPECT_EQ(run.error, isa::Error::Watchdog);
  EXPECT_EQ(run.error_index, 1u);  // the next instruction to dispatch
  // The last beat of the fetch in 18; the count reads 0 in 19 and 50 in 69; the error is visible
  // in 70.
  EXPECT_EQ(run.cycles, 71);
}

// Progress in the cycle of the cause comes too late, whatever it is.
TEST(Watchdog, AnEndInTheCycleOfTheCauseComesTooLate) {
  isa::Eltwise x;
  x.common.read_banks = 6;
  x.common.write_banks = 1;
  x.a = 8192;
  x.b = 16384;
  x.rows = 1;
  x.row_bytes = 400;
  x.high = 127;
  const std::vector<isa::Instruction> all = {conv_of(1, 60), x};
  for (const isa::Instruction& instruction : all) {
    TinyMachine machine;
    const int64_t end = machine.run({instruction}).instructions[0].end;
    ASSERT_GT(end, kFirstStart +
                       12);  // else the fetch's latency would be the longest time without progress
    // Progress in 20 as it starts, and in `end`. The count reads 0 in 21 and end - 21 in `end`.
    machine.options.watchdog_cycles = static_cast<uint32_t>(end - kFirstStart - 1);
    const RunResult bitten = machine.run({instruction});
    EXPECT_EQ(bitten.error, isa::Error::Watchdog);
    EXPECT_EQ(bitten.error_index, 1u);
    EXPECT_EQ(bitten.instructions.size(), 1u);
    EXPECT_EQ(bitten.cycles, end + 2);  // visible in end + 1, which is the last cycle
    ++machine.options.watchdog_cycles;
    const RunResult spared = machine.run({instruction});
    EXPECT_EQ(spared.error, isa::Error::None);
    EXPECT_EQ(spared.cycles, end + 1);
  }
}

TEST(Watchdog, BeatsOfASlowMemoryAreProgress) {
  TinyMachine machine;
  machine.memory = {"slow", 10, 1};  // a beat every 8 cycles
  machine.options.watchdog_cycles = 11;
  EXPECT_EQ(machine.run({load_row(8)}).error, isa::Error::None);
  machine.options.watchdog_cycles = 6;
  EXPECT_EQ(machine.run({load_row(8)}).error, isa::Error::Watchdog);
}

TEST(Watchdog, OffAndNothingEverHappensIsAnException) {
  isa::Load stuck = load_row(8);
  stuck.common.wait[3] = 1;
  TinyMachine machine;
  machine.options.watchdog_cycles = 0;
  EXPECT_THROW(machine.run({stuck}), std::runtime_error);
  EXPECT_EQ(machine.run({load_row(8)}).cycles, 34);  // and the next run is as good as ever
}

}  // namespace
}  // namespace zahl::test
