// The checker of programs: what it knows of the line memory and of second streams.
#include <gmock/gmock.h>

#include "compiler/check/check_program.h"
#include "compiler/check/line_memory.h"
#include "isa/config.h"
#include "isa/encoding.h"
#include "tests/support/random_program.h"

namespace zahl::verify {
namespace {

using testing::HasSubstr;

// A window of 2x3 taps over rows of 9 pixels of 8 channels, source in bank 1, weights in bank 2.
isa::Depthwise window() {
  isa::Depthwise x;
  x.common.read_banks = 6;
  x.common.accumulator_banks = 1;
  x.source = 8192;
  x.input_row_limit = 9 * 8;
  x.input_y_limit = 100;
  x.pixel_step = 8;
  x.row_step = 80;
  x.x_step = 2;
  x.y_step = 1;
  x.out_rows = 2;
  x.out_columns = 4;
  x.tap_rows = 2;
  x.tap_columns = 3;
  x.passes = x.blocks = 1;
  x.weights = 2 * 8192;
  x.line_base = 10;
  return x;
}

isa::Depthwise resumed() {
  isa::Depthwise x = window();
  x.resume = 1;
  return x;
}

std::string check(std::vector<isa::Instruction> instructions) {
  Program program;
  program.config = hw::load_config("tiny8");
  program.instructions = std::move(instructions);
  return check::check_program(program);
}

TEST(LineMemoryCheck, AcceptsWindowsThatGoOnBelowOthers) {
  EXPECT_EQ(check({window(), resumed(), resumed()}), "");
  isa::Depthwise narrower = resumed();
  narrower.out_columns = 3;
  narrower.line_base = 12;
  EXPECT_EQ(check({window(), narrower}), "");
}

TEST(LineMemoryCheck, RefusesAWindowBelowNothing) {
  EXPECT_THAT(check({resumed()}),
              HasSubstr("instruction 0 resumes at place 10 of the line memory"));
  isa::Depthwise wider = resumed();
  wider.out_columns = 5;
  EXPECT_THAT(check({window(), wider}),
              HasSubstr("instruction 1 resumes at place 19 of the line memory"));
  isa::Depthwise two = resumed();
  two.blocks = 2;
  two.line_step = 10;
  EXPECT_THAT(check({window(), two}), HasSubstr("resumes at place 20"));
  isa::Depthwise shallow = window();
  shallow.tap_rows = 1;  // passes no place
  EXPECT_THAT(check({shallow, resumed()}), HasSubstr("resumes at place 10"));
}

TEST(LineMemoryCheck, RefusesPlacesPastTheEnd) {
  isa::Depthwise x = window();
  x.line_base = 119;  // 9 pixels in 128 places
  EXPECT_EQ(check({x}), "");
  x.line_base = 120;
  EXPECT_THAT(check({x}), HasSubstr("instruction 0 uses place 128 of the line memory of 128"));
  x.line_base = 118;
  x.pairs = 1;
  EXPECT_EQ(check({x}), "");
  x.line_base = 120;
  EXPECT_THAT(check({x}), HasSubstr("uses place 129"));
}

TEST(LineMemoryCheck, KnowsThatPairsOfAnOddRowBeginOnePlaceLater) {
  isa::Depthwise pairs = window();
  pairs.pairs = 1;
  isa::Depthwise below = resumed();
  EXPECT_THAT(check({pairs, below}), HasSubstr("resumes at place 10"));
  below.line_base = 11;
  EXPECT_EQ(check({pairs, below}), "");
  // What stood at the place before is lost.
  EXPECT_THAT(check({window(), pairs, resumed()}), HasSubstr("resumes at place 10"));
}

TEST(LineMemoryCheck, AcceptsTheRandomProgramsOfTheEngines) {
  const hw::Config config = hw::load_config("tiny8");
  for (uint64_t seed = 0; seed < 100; ++seed) {
    check::LineMemory memory(config);
    for (const isa::Word& word : test::random_program(config, seed).words) {
      const auto instruction = *isa::decode(word);
      if (const auto* x = std::get_if<isa::Depthwise>(&instruction)) {
        ASSERT_EQ(memory.pass(*x), "") << seed;
      }
    }
  }
}

TEST(FootprintCheck, SeesTheRowsOfAResumedWindowAlone) {
  isa::Depthwise x = window();
  x.source = 2 * 8192 - 80 - 72;  // two rows up to the end of the bank, which are all that is new
  x.weights = 3 * 8192;
  x.common.read_banks = 2 | 8;
  EXPECT_THAT(check({x}), HasSubstr("without claiming it"));
  x.resume = 1;
  EXPECT_EQ(check({window(), x}), "");
}

TEST(FootprintCheck, SeesBothStreamsOfAConvolution) {
  isa::Conv x;
  x.common.read_banks = 2 | 8;
  x.common.accumulator_banks = 1;
  x.source = 8192 + 100;
  x.input_row_limit = 1000;
  x.input_y_limit = 3;
  x.pixel_step = 8;
  x.out_rows = x.kernel_rows = x.kernel_columns = x.chunks = x.blocks = 1;
  x.out_columns = 4;
  x.weights = 3 * 8192;
  x.split = 3;
  x.second_step = -100;
  EXPECT_EQ(check({x}), "");
  x.second_step = -101;
  EXPECT_THAT(check({x}), HasSubstr("touches scratchpad 8191 to"));
  x.second_y = 3;  // padding
  EXPECT_EQ(check({x}), "");
  x.second_y = 0;
  x.second_step = 8092 - 3 * 8 - 5;  // to the last byte of the bank with five lanes
  EXPECT_EQ(check({x}), "");
  ++x.second_step;
  EXPECT_THAT(check({x}), HasSubstr("without claiming it"));
}

}  // namespace
}  // namespace zahl::verify
