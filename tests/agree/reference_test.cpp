// Worked examples of the reference, computed by hand.
#include <gtest/gtest.h>

#include "engines/reference/interpreter_state.h"
#include "engines/reference/program_interpreter.h"
#include "engines/reference/rounding.h"
#include "isa/config.h"

namespace zahl::reference {
namespace {

using isa::Rounding;

int64_t rounded(Rounding mode, int64_t product, int shift) {
  return static_cast<int64_t>(reference::round_once(mode, product, shift));
}

TEST(ReferenceRounding, TiesGoWhereTheModeSays) {
  EXPECT_EQ(rounded(Rounding::HalfUp, -3, 1), -1);
  EXPECT_EQ(rounded(Rounding::HalfAway, -3, 1), -2);
  EXPECT_EQ(rounded(Rounding::HalfEven, -3, 1), -2);
  EXPECT_EQ(rounded(Rounding::HalfUp, 3, 1), 2);
  EXPECT_EQ(rounded(Rounding::HalfAway, 3, 1), 2);
  EXPECT_EQ(rounded(Rounding::HalfEven, 5, 1), 2);
  EXPECT_EQ(rounded(Rounding::HalfEven, -5, 1), -2);
  EXPECT_EQ(rounded(Rounding::HalfAway, -1, 1), -1);
  EXPECT_EQ(rounded(Rounding::HalfUp, -1, 1), 0);
  EXPECT_EQ(rounded(Rounding::HalfEven, -7, 2), -2);
  EXPECT_EQ(rounded(Rounding::HalfUp, 7, 0), 7);
  EXPECT_EQ(rounded(Rounding::HalfAway, -7, -3), -56);
}

TEST(ReferenceRounding, DoublingHighMultiplyBreaksTiesUpward) {
  EXPECT_EQ(reference::doubling_high_multiply(1, 1 << 30), 1);
  EXPECT_EQ(reference::doubling_high_multiply(-1, 1 << 30), 0);
  EXPECT_EQ(reference::doubling_high_multiply(-3, 1 << 30), -1);
  EXPECT_EQ(reference::doubling_high_multiply(INT32_MIN, INT32_MIN), INT32_MAX);
  EXPECT_EQ(reference::doubling_high_multiply(INT32_MIN, INT32_MAX), -INT32_MAX);
}

TEST(ReferenceRounding, TflDoubleRoundsTwice) {
  // 5 * 2^30 * 2^-31 = 2.5 becomes 3, then 3 / 2 = 1.5 becomes 2; in one step 1.25 would be 1.
  EXPECT_EQ(static_cast<int64_t>(reference::scale_and_round(Rounding::TflDouble, 5, 1 << 30, 32)),
            2);
  EXPECT_EQ(static_cast<int64_t>(reference::scale_and_round(Rounding::HalfUp, 5, 1 << 30, 32)), 1);
  EXPECT_EQ(static_cast<int64_t>(reference::scale_and_round(Rounding::TflDouble, -3, 1, 1)), -1);
  EXPECT_EQ(static_cast<int64_t>(reference::scale_and_round(Rounding::TflDouble, -3, 5, 0)), -15);
  EXPECT_EQ(static_cast<int64_t>(
                reference::scale_and_round(Rounding::TflDouble, INT32_MIN, INT32_MAX, 63)),
            0);
}

TEST(ReferenceRounding, ReciprocalIsNearItsValue) {
  EXPECT_GE(reference::one_over_one_plus_x(0), INT32_MAX - 16);
  for (int64_t x = 0; x < int64_t{1} << 31; x += 1'234'567) {
    const int64_t exact = (int64_t{1} << 62) / ((int64_t{1} << 31) + x);
    EXPECT_NEAR(static_cast<double>(reference::one_over_one_plus_x(static_cast<int32_t>(x))),
                static_cast<double>(exact), 16.0)
        << x;
  }
}

class ReferenceState : public testing::Test {
 protected:
  hw::Config config_ = hw::load_config("tiny8");
  reference::State state_{config_, std::vector<uint8_t>(4096)};
};

TEST_F(ReferenceState, LoadFollowsNegativeStepsAndOverwritesInOrder) {
  for (size_t i = 0; i < 100; ++i) state_.dram[i] = static_cast<uint8_t>(i);
  isa::Load x;
  x.dram = 50, x.dram_step = -20, x.rows = 3, x.row_bytes = 4, x.scratchpad = 5,
  x.scratchpad_step = 2;
  reference::execute(state_, x);
  const std::vector<uint8_t> expected = {50, 51, 30, 31, 10, 11, 12, 13};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), state_.scratchpad.begin() + 5));
}

TEST_F(ReferenceState, ConvTakesWeightsInGroupsOfFourLanes) {
  // Lane 5, column 3 of an 8x8 tile: group 1, byte 1 * 32 + 3 * 4 + 1.
  state_.set_byte(512 + 45, 7);
  for (int64_t i = 0; i < 8; ++i) state_.set_byte(100 + i, static_cast<int8_t>(i + 1));
  isa::Conv x;
  x.source = 100, x.input_row_limit = 8, x.input_y_limit = 1, x.weights = 512;
  reference::execute(state_, x);
  for (int64_t c = 0; c < 8; ++c) EXPECT_EQ(state_.accumulator(0, c), c == 3 ? 6 * 7 : 0);
}

TEST_F(ReferenceState, ConvPadsLanesLeftAndRightAndSubtractsTheWeightZeroPoint) {
  for (int64_t i = 0; i < 8; ++i) state_.set_byte(100 + i, 10);
  isa::Conv x;
  x.source = 98, x.input_x = -2, x.input_row_limit = 3, x.input_y_limit = 1, x.pad_value = 1;
  x.weights = 512, x.weight_zero = -1;
  reference::execute(state_, x);
  EXPECT_EQ(state_.accumulator(0, 0), 2 * 1 + 3 * 10 + 3 * 1);
  x.input_y = 1;  // the whole row is padding
  x.accumulate = 1;
  reference::execute(state_, x);
  EXPECT_EQ(state_.accumulator(0, 0), 35 + 8);
}

TEST_F(ReferenceState, MaximumOverNoTapsIsTheSmallestByte) {
  isa::Depthwise x;
  x.operation = isa::DepthwiseOp::Maximum;
  x.source = 0, x.input_row_limit = 100, x.input_y_limit = 1, x.weights = 512;
  reference::execute(state_, x);
  EXPECT_EQ(state_.accumulator(0, 0), -128);
  state_.set_byte(512, 1);  // lane 0, column 0
  reference::execute(state_, x);
  EXPECT_EQ(state_.accumulator(0, 0), 0);
  EXPECT_EQ(state_.accumulator(0, 1), -128);
}

TEST_F(ReferenceState, DrainClampsAndThenLooksUp) {
  state_.accumulator(0, 0) = 1000;
  state_.tables[1][127 + 128] = -5;
  isa::Drain x;
  x.params = 512, x.uniform = 1, x.m0 = 1 << 30, x.shift = 31, x.result = 7, x.last_channels = 1;
  x.low = -128, x.high = 127, x.use_table = 1, x.table_slot = 1;
  reference::execute(state_, x);
  EXPECT_EQ(state_.byte(7), -5);
}

TEST_F(ReferenceState, ExactSubtractionRoundsOnce) {
  state_.set_byte(0, 3);
  state_.set_byte(1, 1);
  isa::Eltwise x;
  x.a = 0, x.b = 1, x.result = 2, x.a_m0 = 2, x.b_m0 = 1, x.shift = 1, x.low = -128, x.high = 127;
  x.operation = isa::EltwiseOp::Sub, x.exact = 1, x.rounding = Rounding::HalfEven;
  reference::execute(state_, x);
  EXPECT_EQ(state_.byte(2), 2);  // (6 - 1) / 2
}

TEST_F(ReferenceState, SoftmaxOfEqualInputsIsUniform) {
  state_.set_byte(512 + 3, 0x7f);  // exponential of 0: 127 / 128 * 2^31 and a bit less
  for (int i = 0; i < 3; ++i) state_.set_byte(512 + i, -1);
  isa::Softmax x;
  x.source = 16, x.result = 32, x.row_bytes = 4, x.exponentials = 512, x.m0 = 1 << 30, x.shift = 53,
  x.zero_point = -128;
  reference::execute(state_, x);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(state_.byte(32 + i), -64);
}

TEST(Reference, FirstFaultEndsTheRun) {
  const hw::Config config = hw::load_config("tiny8");
  DeviceProgram program;
  program.memory.resize(1024);
  program.instruction_count = 1;
  isa::Load x;
  x.dram = 1017, x.row_bytes = 7;
  x.common.write_banks = 1;
  const auto run = [&] {
    const isa::Word word = isa::encode(x);
    std::copy(word.begin(), word.end(), program.memory.begin());
    return reference::interpret(config, program).error;
  };
  EXPECT_EQ(run(), isa::Error::None);
  x.row_bytes = 8;
  EXPECT_EQ(run(), isa::Error::Bus);
  x.row_bytes = 7;
  x.scratchpad = static_cast<uint32_t>(config.scratchpad_bank_bytes) - 6;
  EXPECT_EQ(run(), isa::Error::Range);
  x.common.write_banks = 3;
  EXPECT_EQ(run(), isa::Error::None);
  x.common.write_banks = 1u << 31;
  EXPECT_EQ(run(), isa::Error::IllegalInstruction);
}

}  // namespace
}  // namespace zahl::reference
