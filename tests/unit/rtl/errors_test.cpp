// Every error stops the machine in a defined state: code, index, and the cycle of the interrupt
// (docs/machine.md, section 3).
#include "tests/unit/rtl/small_program.h"

namespace zahl::rtl {
namespace {

class Errors : public testing::TestWithParam<Setting> {
 protected:
  hw::Config config = hw::load_config(GetParam().preset);
  MemoryConfig memory = memory_of(GetParam().latency, GetParam().rate);
};

TEST_P(Errors, IllegalInstructionStopsDispatch) {
  DeviceProgram program =
      program_of({copy<isa::Load>(config, 0, 0, 8), copy<isa::Load>(config, 0, 0, 8)});
  program.memory[program.program_address + 64 + 63] =
      0x80;  // a reserved bit of the second instruction
  const RunResult result = rtl::run_rtl(config, memory, program, {});
  EXPECT_EQ(result.error, isa::Error::IllegalInstruction);
  EXPECT_EQ(result.error_index, 1u);
  ASSERT_EQ(result.instructions.size(), 1u);
  // Seen when it is dispatched, the cycle after its last beat; visible one cycle later; finished
  // when nothing is in flight.
  const int64_t visible = result.transactions[0].last + 2;
  EXPECT_EQ(result.cycles, std::max(visible, result.instructions[0].end) + 1);
}

TEST_P(Errors, UnknownOpcodeIsIllegal) {
  DeviceProgram program = program_of({copy<isa::Load>(config, 0, 0, 8)});
  program.memory[program.program_address] = 0xFF;
  const RunResult result = rtl::run_rtl(config, memory, program, {});
  EXPECT_EQ(result.error, isa::Error::IllegalInstruction);
  EXPECT_EQ(result.error_index, 0u);
  EXPECT_EQ(result.cycles, result.transactions[0].last + 3);
}

TEST_P(Errors, ProgramPastTheEndOfTheMemoryIsIllegal) {
  DeviceProgram program = program_of({copy<isa::Load>(config, 0, 0, 8)});
  program.instruction_count = 2;
  const RunResult result = rtl::run_rtl(config, memory, program, {});
  EXPECT_EQ(result.error, isa::Error::IllegalInstruction);
  EXPECT_EQ(result.error_index, 0u);  // the burst as a whole is refused
}

TEST_P(Errors, LoadPastTheEndOfTheMemoryIsABusError) {
  const RunResult result =
      rtl::run_rtl(config, memory, program_of({copy<isa::Load>(config, 1 << 20, 0, 64)}), {});
  EXPECT_EQ(result.error, isa::Error::Bus);
  EXPECT_EQ(result.error_index, 0u);
  ASSERT_EQ(result.instructions.size(), 1u);
  EXPECT_EQ(result.cycles, result.instructions[0].end + 2);
}

TEST_P(Errors, StorePastTheEndOfTheMemoryIsABusError) {
  const RunResult result =
      rtl::run_rtl(config, memory, program_of({copy<isa::Store>(config, 1 << 20, 0, 64)}), {});
  EXPECT_EQ(result.error, isa::Error::Bus);
  ASSERT_EQ(result.instructions.size(), 1u);
  EXPECT_EQ(result.cycles, result.instructions[0].end + 2);
}

TEST_P(Errors, LoadIntoABankThatItDoesNotClaimIsARangeError) {
  const auto bank = static_cast<uint32_t>(config.scratchpad_bank_bytes);
  isa::Load inside = copy<isa::Load>(config, 0, bank - 8, 8);
  isa::Load across = copy<isa::Load>(config, 0, bank - 7, 8);
  inside.common.write_banks = across.common.write_banks = 1;
  across.common.wait[0] = 1;
  const RunResult result = rtl::run_rtl(config, memory, program_of({inside, across}), {});
  EXPECT_EQ(result.error, isa::Error::Range);
  EXPECT_EQ(result.error_index, 1u);
  ASSERT_EQ(result.instructions.size(), 2u);
  EXPECT_EQ(result.cycles, result.instructions[1].end + 2);
}

TEST_P(Errors, AccessPastTheEndOfTheScratchpadIsARangeError) {
  const auto end = static_cast<uint32_t>(config.scratchpad_bytes());
  for (const uint32_t address : {end - 8, end - 7, end, 0xFFFFFFu}) {
    const auto expected = address == end - 8 ? isa::Error::None : isa::Error::Range;
    EXPECT_EQ(rtl::run_rtl(config, memory, program_of({copy<isa::Load>(config, 3, address, 8)}), {})
                  .error,
              expected)
        << address;
    EXPECT_EQ(
        rtl::run_rtl(config, memory, program_of({copy<isa::Store>(config, 3, address, 8)}), {})
            .error,
        expected)
        << address;
  }
}

TEST_P(Errors, ScratchpadAddressThatGrowsBeyondItsWidthDoesNotWrap) {
  isa::Load load = copy<isa::Load>(config, 3, 0, 8);
  load.rows = 17;
  load.scratchpad_step = 1 << 21;  // the last row would stand at 2^25
  EXPECT_EQ(rtl::run_rtl(config, memory, program_of({load}), {}).error, isa::Error::Range);
}

TEST_P(Errors, FaultOfOneInstructionIsNotThatOfTheNext) {
  isa::Store bad = copy<isa::Store>(config, 0, 0, 64);
  bad.common.read_banks = 2;
  const isa::Store good = copy<isa::Store>(config, 64, 0, 64);
  const RunResult result = rtl::run_rtl(config, memory, program_of({good, bad, good}), {});
  EXPECT_EQ(result.error, isa::Error::Range);
  EXPECT_EQ(result.error_index, 1u);
}

TEST_P(Errors, WatchdogEndsADeadlock) {
  isa::Load load = copy<isa::Load>(config, 0, 0, 8);
  load.common.wait[1] = 1;
  RunOptions options;
  options.watchdog_cycles = 500;
  const RunResult result = rtl::run_rtl(config, memory, program_of({load, load}), options);
  EXPECT_EQ(result.error, isa::Error::Watchdog);
  EXPECT_EQ(result.error_index, 2u);
  // The last progress is the last beat of the fetch in cycle b; the count stands at 500 in b + 501,
  // visible in b + 502.
  EXPECT_EQ(result.cycles, result.transactions[0].last + 503);
  EXPECT_TRUE(result.instructions.empty());
}

TEST_P(Errors, EndInTheCycleOfTheWatchdogComesTooLate) {
  const auto bank = static_cast<uint32_t>(config.scratchpad_bank_bytes);
  isa::Eltwise add;
  add.common.read_banks = 6;
  add.common.write_banks = 1;
  add.a = bank;
  add.b = 2 * bank;
  add.rows = 1;
  add.row_bytes = bank;
  add.high = 127;
  const DeviceProgram program = program_of({add});
  const auto [index, unit, start, end] =
      rtl::run_rtl(config, memory, program, {}).instructions.at(0);
  ASSERT_GT(end - start, start);  // the longest time without progress
  RunOptions options;
  options.watchdog_cycles = static_cast<uint32_t>(end - start - 1);
  const RunResult bitten = rtl::run_rtl(config, memory, program, options);
  EXPECT_EQ(bitten.error, isa::Error::Watchdog);
  EXPECT_EQ(bitten.error_index, 1u);
  EXPECT_EQ(bitten.cycles, end + 2);
  ++options.watchdog_cycles;
  const RunResult spared = rtl::run_rtl(config, memory, program, options);
  EXPECT_EQ(spared.error, isa::Error::None);
  EXPECT_EQ(spared.cycles, end + 1);
}

TEST_P(Errors, SharedReadPortIsAnOwnershipError) {
  isa::Load load = copy<isa::Load>(config, 0, 0, 4096);
  load.common.read_banks = 4;
  isa::Store store = copy<isa::Store>(config, 8192, 64, 64);
  store.common.read_banks = 7;
  const RunResult result = rtl::run_rtl(config, memory, program_of({load, store}), {});
  EXPECT_EQ(result.error, isa::Error::Ownership);
  EXPECT_EQ(result.error_index, 1u);
  ASSERT_EQ(result.instructions.size(), 2u);
  EXPECT_EQ(result.cycles, std::max(result.instructions[0].end, result.instructions[1].end) + 1);
}

TEST_P(Errors, MemoryThatIsNotReadyDoesNotHangAStoppedMachine) {
  DeviceProgram program =
      program_of(std::vector<isa::Instruction>(40, copy<isa::Load>(config, 0, 0, 8)));
  program.memory[program.program_address + 64 * 9] = 0xFF;
  for (uint32_t seed = 1; seed < 20; ++seed) {
    const RunResult result = rtl::run_rtl(config, memory, program, {}, seed);
    EXPECT_EQ(result.error, isa::Error::IllegalInstruction);
    EXPECT_EQ(result.error_index, 9u);
  }
}

INSTANTIATE_TEST_SUITE_P(Memories, Errors, testing::ValuesIn(kSettings), name_of);

}  // namespace
}  // namespace zahl::rtl
