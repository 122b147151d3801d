#include "tests/support/hazard_check.h"

#include <gtest/gtest.h>

#include "isa/config.h"
#include "tests/support/wait_assignment.h"

namespace zahl::test {
namespace {

constexpr size_t kLoad = 0, kStore = 1, kArray = 2, kPost = 3;

isa::Instruction claimed(isa::Instruction x) {
  const Footprint footprint = footprint_of(hw::load_config("edge16"), x);
  isa::Common& common = isa::common_of(x);
  common.read_banks = footprint.read_banks;
  common.write_banks = footprint.write_banks;
  common.accumulator_banks = footprint.accumulator_banks;
  return x;
}

isa::Instruction load(uint64_t dram, uint32_t scratchpad, uint32_t bytes) {
  isa::Load x;
  x.dram = dram, x.scratchpad = scratchpad, x.row_bytes = bytes;
  return claimed(x);
}

isa::Instruction store(uint32_t scratchpad, uint64_t dram, uint32_t bytes) {
  isa::Store x;
  x.dram = dram, x.scratchpad = scratchpad, x.row_bytes = bytes;
  return claimed(x);
}

isa::Instruction set_table(uint32_t source) {
  isa::SetTable x;
  x.source = source;
  return claimed(x);
}

isa::Instruction copy(uint32_t from, uint32_t result, uint32_t bytes) {
  isa::Eltwise x;
  x.a = x.b = from, x.result = result, x.row_bytes = bytes;
  return claimed(x);
}

isa::Instruction waiting(isa::Instruction x, size_t unit, uint32_t count) {
  isa::common_of(x).wait[unit] = count;
  return x;
}

bool is_race_free(const std::vector<isa::Instruction>& program) {
  return !find_hazard(hw::load_config("edge16"), program).has_value();
}

TEST(HazardCheck, SeesAStoreOfWhatALoadWrites) {
  EXPECT_FALSE(is_race_free({load(0, 0, 16), store(15, 0x1000, 1)}));
  EXPECT_TRUE(is_race_free({load(0, 0, 16), waiting(store(15, 0x1000, 1), kLoad, 1)}));
}

TEST(HazardCheck, AdjacentBytesInOneBankWithDifferentPortsAreNoHazard) {
  EXPECT_TRUE(is_race_free({load(0, 0, 16), store(16, 0x1000, 16)}));
}

TEST(HazardCheck, TwoReadersOfOneBankShareAPort) {
  EXPECT_FALSE(is_race_free({store(0, 0x1000, 16), set_table(256)}));
  EXPECT_TRUE(is_race_free({store(0, 0x1000, 16), set_table(32768)}));
  EXPECT_TRUE(is_race_free({store(0, 0x1000, 16), waiting(set_table(256), kStore, 1)}));
}

TEST(HazardCheck, SeesALoadOfWhatAStoreWritesInDram) {
  EXPECT_FALSE(is_race_free({store(0, 0x1000, 16), load(0x100f, 32768, 16)}));
  EXPECT_TRUE(is_race_free({store(0, 0x1000, 16), load(0x1010, 32768, 16)}));
}

TEST(HazardCheck, SeesALoadThatOverwritesWhatPostStillReads) {
  EXPECT_FALSE(is_race_free({set_table(0), load(0, 255, 1)}));
  EXPECT_TRUE(is_race_free({set_table(0), waiting(load(0, 255, 1), kPost, 1)}));
}

TEST(HazardCheck, OneUnitIsAlwaysInOrder) {
  EXPECT_TRUE(is_race_free({load(0, 0, 16), load(64, 8, 16)}));
  EXPECT_TRUE(is_race_free({copy(0, 64, 16), copy(64, 128, 16)}));
}

TEST(HazardCheck, AWaitCountsFromTheUnitsFirstInstruction) {
  const auto first = load(0, 0, 16), second = load(0, 65536, 16);
  EXPECT_FALSE(is_race_free({first, second, waiting(store(65536, 0x1000, 16), kLoad, 1)}));
  EXPECT_TRUE(is_race_free({first, second, waiting(store(65536, 0x1000, 16), kLoad, 2)}));
  EXPECT_TRUE(is_race_free({first, second, waiting(store(0, 0x1000, 16), kLoad, 1)}));
}

TEST(HazardCheck, LaterInstructionsOfAUnitInheritItsWaits) {
  EXPECT_TRUE(
      is_race_free({load(0, 0, 16), waiting(store(0, 0x1000, 1), kLoad, 1), store(1, 0x1001, 1)}));
}

TEST(HazardCheck, OrderPassesThroughAThirdUnit) {
  const auto post = waiting(copy(0, 65536, 16), kLoad, 1);
  EXPECT_TRUE(is_race_free({load(0, 0, 16), post, waiting(store(0, 0x1000, 16), kPost, 1)}));
  // The load after it was not waited for by post.
  EXPECT_FALSE(is_race_free(
      {load(0, 0, 16), load(0, 131072, 16), post, waiting(store(131072, 0x1000, 16), kPost, 1)}));
}

TEST(HazardCheck, PostHoldsOneInstructionButLoadHoldsSeveral) {
  // The second copy has started, so the first has ended, and store knows it through the load that
  // waits for the second... only then.
  const auto a = copy(0, 65536, 16), b = copy(131072, 196608, 16);
  EXPECT_TRUE(is_race_free({a, b, waiting(store(65536, 0x1000, 16), kPost, 2)}));
  EXPECT_TRUE(is_race_free({a, b, waiting(store(65536, 0x1000, 16), kPost, 1)}));
  EXPECT_FALSE(is_race_free({a, b, waiting(store(196608, 0x1000, 16), kPost, 1)}));
}

TEST(HazardCheck, RefusesAWaitForALaterInstruction) {
  const auto hazard =
      find_hazard(hw::load_config("edge16"), std::vector{waiting(store(0, 0x1000, 16), kLoad, 1)});
  ASSERT_TRUE(hazard.has_value());
  EXPECT_EQ(hazard->first, hazard->second);
}

TEST(HazardCheck, SeesADrainOfAccumulatorsThatTheArrayStillFills) {
  isa::Conv conv;
  conv.weights = 32768, conv.input_row_limit = 1000, conv.input_y_limit = 10, conv.out_columns = 4;
  isa::Drain drain;
  drain.params = 65536, drain.result = 131072, drain.accumulator = 3;
  EXPECT_FALSE(is_race_free({claimed(conv), claimed(drain)}));
  EXPECT_TRUE(is_race_free({claimed(conv), waiting(claimed(drain), kArray, 1)}));
  drain.accumulator = 256;
  EXPECT_TRUE(is_race_free({claimed(conv), claimed(drain)}));
}

TEST(WaitAssignment, LeavesOutWaitsThatOthersImply) {
  std::vector<isa::Instruction> program = {load(0, 0, 256), set_table(0), copy(0, 65536, 16),
                                           store(0, 0x1000, 16), store(65536, 0x1010, 16)};
  const auto ordered = with_minimal_waits(hw::load_config("edge16"), program);
  ASSERT_TRUE(ordered.has_value());
  EXPECT_TRUE(is_race_free(*ordered));
  EXPECT_EQ(isa::common_of((*ordered)[1]).wait, (std::array<uint32_t, 4>{1, 0, 0, 0}));
  EXPECT_EQ(isa::common_of((*ordered)[2]).wait, (std::array<uint32_t, 4>{0, 0, 0, 0}));
  EXPECT_EQ(isa::common_of((*ordered)[3]).wait, (std::array<uint32_t, 4>{0, 0, 0, 2}));
  EXPECT_EQ(isa::common_of((*ordered)[4]).wait, (std::array<uint32_t, 4>{0, 0, 0, 0}));
}

TEST(WaitAssignment, RefusesAReadOfWhatNothingHasWritten) {
  EXPECT_FALSE(with_minimal_waits(hw::load_config("edge16"), {load(0, 0, 16), store(1, 0x1000, 16)})
                   .has_value());
}

}  // namespace
}  // namespace zahl::test
