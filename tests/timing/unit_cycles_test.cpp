// Starts, ends, transactions and counters of programs that were worked out by hand from
// docs/machine.md.
#include <gtest/gtest.h>

#include "tests/timing/tiny_machine.h"

namespace zahl::test {
namespace {

using isa::Counter;

TEST(LoadCycles, OneBeatEndsTwoCyclesAfterIt) {
  const RunResult run = TinyMachine().run({load_row(8)});
  ASSERT_EQ(run.transactions.size(), 2u);
  EXPECT_EQ(run.transactions[0].cycle, 1);   // fetch
  EXPECT_EQ(run.transactions[0].last, 18);   // 8 beats from 11 on
  EXPECT_EQ(run.transactions[1].cycle, 21);  // s + 1
  EXPECT_EQ(run.transactions[1].last, 31);
  EXPECT_EQ(run.instructions,
            (std::vector<InstructionTrace>{{0, isa::Unit::Load, kFirstStart, 33}}));
  EXPECT_EQ(run.cycles, 34);  // all ended is seen in 33
  EXPECT_EQ(counter(run, Counter::Cycles), 34u);
  EXPECT_EQ(counter(run, Counter::LoadBusy), 13u);       // 20 to 32
  EXPECT_EQ(counter(run, Counter::LoadIdle), 19u + 1u);  // 1 to 19, and 33
  EXPECT_EQ(counter(run, Counter::StoreIdle), 33u);      // all running cycles
  EXPECT_EQ(counter(run, Counter::DispatchEmpty), 18u);  // 1 to 18
  EXPECT_EQ(counter(run, Counter::DispatchFull), 0u);
  EXPECT_EQ(counter(run, Counter::ReadBeats), 8u + 1u);
}

TEST(LoadCycles, AskOneBurstACycleUntilTheLimitIsOutstanding) {
  TinyMachine machine;
  machine.config.load_bursts = 2;
  machine.config.burst_bytes = 64;
  const RunResult run = machine.run({load_row(3 * 64)});
  ASSERT_EQ(run.transactions.size(), 4u);
  EXPECT_EQ(run.transactions[1].cycle, 21);
  EXPECT_EQ(run.transactions[1].last, 38);  // beats 31 to 38
  EXPECT_EQ(run.transactions[2].cycle, 22);
  EXPECT_EQ(run.transactions[2].last, 46);
  EXPECT_EQ(run.transactions[3].cycle,
            39);  // a place is free in the cycle after the last beat of the first burst
  EXPECT_EQ(run.transactions[3].last, 56);  // max(39 + 10, 47) = 49 is beat 0
  EXPECT_EQ(run.instructions[0].end, 58);
}

TEST(LoadCycles, NextInstructionStartsInTheCycleAfterTheLastAddress) {
  TinyMachine machine;
  machine.config.burst_bytes = 64;
  const RunResult run = machine.run({load_row(10 * 64), load_row(8)});
  EXPECT_EQ(run.instructions[0].start, 20);  // asks from 21 to 30
  EXPECT_EQ(run.instructions[1].start, 31);
}

TEST(LoadCycles, NoMoreInstructionsInFlightThanAllowed) {
  TinyMachine machine;
  machine.config.dma_instructions = 2;
  machine.memory.latency_cycles = 100;  // whole at 108 + 8i, start from 110 + 8i on
  const RunResult run = machine.run({load_row(8), load_row(8), load_row(8)});
  EXPECT_EQ(run.instructions[0].start, 110);
  EXPECT_EQ(run.instructions[0].end, 111 + 100 + 2);
  EXPECT_EQ(run.instructions[1].start, 118);
  EXPECT_EQ(run.instructions[2].start, 213);  // the end of the first is visible
}

TEST(LoadCycles, UnalignedRowsMoveWholeBeats) {
  isa::Load x = load_row(10, kData + 7);
  x.rows = 2;
  x.dram_step = 16;
  x.scratchpad_step = 10;
  const RunResult run = TinyMachine().run({x});
  ASSERT_EQ(run.transactions.size(), 3u);
  EXPECT_EQ(run.transactions[1].address, kData);
  EXPECT_EQ(run.transactions[1].beats, 3u);  // 1 + 8 + 1 bytes
  EXPECT_EQ(run.transactions[2].address, kData + 16);
}

TEST(FetchCycles, GoesBeforeLoad) {
  // 24 instructions: the buffer of 16 is asked for in cycles 1 and 2; dispatch takes one every 8
  // cycles from 19 on.
  std::vector<isa::Instruction> program(24, load_row(4096));
  const RunResult run = TinyMachine().run(program);
  std::vector<int64_t> fetches;
  for (const Transaction& t : run.transactions) {
    if (t.kind == Transaction::Kind::Fetch) fetches.push_back(t.cycle);
  }
  ASSERT_EQ(fetches.size(), 3u);
  EXPECT_EQ(fetches[0], 1);
  EXPECT_EQ(fetches[1], 2);
  for (const Transaction& t : run.transactions) {
    EXPECT_TRUE(t.kind == Transaction::Kind::Fetch || (t.cycle != fetches[2]));
  }
}

TEST(StoreCycles, OneBeat) {
  const RunResult run = TinyMachine().run({store_row(8)});
  ASSERT_EQ(run.transactions.size(), 2u);
  EXPECT_EQ(run.transactions[1].cycle, 23);  // begins at s + 1, data two cycles later
  EXPECT_EQ(run.transactions[1].last, 33);   // max(25, 23 + 10)
  EXPECT_EQ(run.instructions[0].end, 34);
  EXPECT_EQ(counter(run, Counter::StoreBusy), 14u);
  EXPECT_EQ(counter(run, Counter::WriteBeats), 1u);
}

TEST(StoreCycles, BurstsFollowWithoutAGapUntilTheLimitIsOutstanding) {
  TinyMachine machine;
  machine.config.store_bursts = 2;
  machine.config.burst_bytes = 64;
  machine.memory.latency_cycles = 30;  // whole in 38, starts in 40
  const RunResult run = machine.run({store_row(3 * 64)});
  ASSERT_EQ(run.transactions.size(), 4u);
  EXPECT_EQ(run.transactions[1].cycle, 41 + 7 + 2);  // begins in 41
  EXPECT_EQ(run.transactions[1].last, 80);           // max(51 + 8, 50 + 30)
  EXPECT_EQ(run.transactions[2].cycle, 49 + 7 + 2);
  EXPECT_EQ(run.transactions[3].cycle, 81 + 7 + 2);  // the first response frees a place in 81
  EXPECT_EQ(run.transactions[3].last, 120);
  EXPECT_EQ(run.instructions[0].end, 121);
}

TEST(ArrayCycles, TilesFollowAtTheSlowerOfStreamingAndWeights) {
  // L = 8 * 8 / 8 = 8 lines a tile, S = 4, T = 3.
  const RunResult run = TinyMachine().run({conv_of(3, 4)});
  // q0 = 20 + 1 + 8 = 29, q2 = 29 + 2 * 8 = 45; e = 45 + 4 + 4.
  EXPECT_EQ(run.instructions, (std::vector<InstructionTrace>{{0, isa::Unit::Array, 20, 53}}));
  EXPECT_EQ(counter(run, Counter::ArrayBusy), 12u);
  EXPECT_EQ(counter(run, Counter::ArrayWeights), 45u - 20u - 8u);
  EXPECT_EQ(counter(run, Counter::ArrayIdle), 19u + 5u);  // 1 to 19; 49 to 53
}

TEST(ArrayCycles, TheNextInstructionLoadsWeightsWhileTheLastTileStreams) {
  const RunResult run = TinyMachine().run({conv_of(1, 32), conv_of(1, 32)});
  // First: q0 = 29, streams 29 to 60, ready at 30. The second can start from 28 on: 30; q0 = max(30
  // + 9, 61).
  EXPECT_EQ(run.instructions[0].end, 29 + 32 + 4);
  EXPECT_EQ(run.instructions[1].start, 30);
  EXPECT_EQ(run.instructions[1].end, 61 + 32 + 4);
  EXPECT_EQ(counter(run, Counter::ArrayBusy), 64u);
  EXPECT_EQ(counter(run, Counter::ArrayWeights), 9u);  // 20 to 28
}

TEST(ArrayCycles, ASecondStreamKeepsTheWeightPortFromTheNextTile) {
  isa::Conv split = conv_of(3, 32);
  split.split = 5;
  const RunResult run = TinyMachine().run({split, conv_of(1, 32), split});
  // q0 = 29, q2 = 29 + 2 * (32 + 8) = 109, streams to 140, ready at 141; then q0 = 141 + 9.
  EXPECT_EQ(run.instructions[0].end, 109 + 32 + 4);
  EXPECT_EQ(run.instructions[1].start, 141);
  EXPECT_EQ(run.instructions[1].end, 150 + 32 + 4);
  // The weights of its own first tile come while the one stream before ends.
  EXPECT_EQ(run.instructions[2].start, 151);
  EXPECT_EQ(run.instructions[2].end, 182 + 2 * 40 + 32 + 4);
  EXPECT_EQ(counter(run, Counter::ArrayBusy), 7u * 32u);
  EXPECT_EQ(counter(run, Counter::ArrayWeights), 9u + 2u * 8u + 9u + 2u * 8u);
}

isa::Depthwise window_of(uint32_t out, uint32_t tap_columns) {
  isa::Depthwise x;
  x.common.read_banks = 6;
  x.common.accumulator_banks = 1;
  x.source = 8192;
  x.input_row_limit = 1 << 19;
  x.input_y_limit = 100;
  x.pixel_step = 8;
  x.row_step = 80;
  x.x_step = x.y_step = 2;
  x.out_rows = x.out_columns = out;
  x.tap_rows = 2;
  x.tap_columns = tap_columns;
  x.passes = x.blocks = 1;
  x.weights = 2 * 8192;
  return x;
}

TEST(ArrayCycles, DepthwiseStreamsTheWindowsInput) {
  const RunResult run = TinyMachine().run({window_of(3, 3)});
  const int64_t vectors = (2 * 2 + 2) * (2 * 2 + 3);
  EXPECT_EQ(run.instructions[0].end, 29 + vectors + 4);
  EXPECT_EQ(counter(run, Counter::ArrayBusy), static_cast<uint64_t>(vectors));
}

TEST(ArrayCycles, ResumedDepthwiseStreamsTheNewRowsAlone) {
  isa::Depthwise next = window_of(3, 3);
  next.resume = 1;
  const RunResult run = TinyMachine().run({window_of(3, 3), next});
  EXPECT_EQ(run.instructions[1].end,
            run.instructions[0].end + 6 * 7);  // weights come while the first streams
}

TEST(ArrayCycles, PairsTakeHalfTheVectorsOfARow) {
  for (const uint32_t taps : {3u, 2u}) {
    isa::Depthwise x = window_of(3, taps);
    x.pairs = 1;
    x.blocks = 2;
    const RunResult run = TinyMachine().run({x, conv_of(1, 1)});
    const int64_t vectors = 6 * (taps == 3 ? 4 : 3);  // 7 or 6 pixels a row
    EXPECT_EQ(run.instructions[0].end, 29 + vectors + 8 + vectors + 4) << taps;
    EXPECT_EQ(run.instructions[1].start, 29 + vectors + 8 + vectors) << taps;
    EXPECT_EQ(counter(run, Counter::ArrayBusy), static_cast<uint64_t>(2 * vectors + 1)) << taps;
  }
}

isa::Drain drain_of(uint32_t vectors) {
  isa::Drain x;
  x.common.read_banks = 8;
  x.common.write_banks = 16;
  x.common.accumulator_banks = 1;
  x.out_rows = 1;
  x.out_columns = vectors;
  x.blocks = 2;
  x.params = 3 * 8192;
  x.result = 4 * 8192;
  x.pixel_step = 16;
  x.block_step = 8;
  x.last_channels = 8;
  x.low = -128;
  x.high = 127;
  return x;
}

TEST(PostCycles, DrainReadsParametersOfEachBlock) {
  isa::Drain uniform = drain_of(10);
  uniform.uniform = 1;
  // A line has 8 bytes: biases take 4 lines, multipliers 4, shifts 1.
  EXPECT_EQ(TinyMachine().run({drain_of(10)}).instructions[0].end, 20 + 2 * (9 + 10) + 6);
  EXPECT_EQ(TinyMachine().run({uniform}).instructions[0].end, 20 + 2 * (4 + 10) + 6);
}

TEST(PostCycles, EltwiseTakesAVectorACycle) {
  isa::Eltwise x;
  x.common.read_banks = 3;
  x.common.write_banks = 4;
  x.b = 8192;
  x.result = 16384;
  x.a_step = x.b_step = x.result_step = 17;
  x.rows = 5;
  x.row_bytes = 17;  // three vectors
  x.high = 127;
  EXPECT_EQ(TinyMachine().run({x}).instructions[0].end, 20 + 15 + 8);
}

TEST(PostCycles, TablesAndSoftmax) {
  isa::SetTable table;
  table.common.read_banks = 1;
  EXPECT_EQ(TinyMachine().run({table}).instructions[0].end, 20 + 32 + 3);
  isa::Softmax softmax;
  softmax.common.read_banks = 3;
  softmax.common.write_banks = 4;
  softmax.exponentials = 8192;
  softmax.result = 16384;
  softmax.rows = 2;
  softmax.row_bytes = 10;
  EXPECT_EQ(TinyMachine().run({softmax}).instructions[0].end,
            20 + 1 + 2 * (3 * 10 + 4 + 8 + 40 + 12));
}

TEST(PostCycles, OneInstructionAtATime) {
  const RunResult run = TinyMachine().run({drain_of(10), drain_of(10)});
  EXPECT_EQ(run.instructions[1].start, run.instructions[0].end);
}

TEST(Tokens, TheWaiterStartsInTheCycleOfTheEnd) {
  isa::Conv conv = conv_of(1, 8);
  conv.common.wait[0] = 1;
  const RunResult run = TinyMachine().run({load_row(64), conv});
  EXPECT_EQ(run.instructions[0].end, 40);  // beats 31 to 38
  EXPECT_EQ(run.instructions[1].start, 40);
  EXPECT_EQ(counter(run, Counter::ArrayWaitLoad), 12u);  // 28 to 39
}

TEST(Dispatch, WaitsForAPlaceInTheQueue) {
  TinyMachine machine;
  machine.config.queue_depth = 2;
  machine.memory = {"fast", 1, 8};  // fetched in 2 + 8i to 9 + 8i, dispatched in 10 + 8i
  isa::Drain slow = drain_of(64);   // 146 + 6 cycles
  const RunResult run = machine.run({slow, slow, slow, slow});
  EXPECT_EQ(run.instructions[0].start, 11);
  // The second and third wait in the queue, the fourth in the buffer from 34 on, until a place is
  // free after 163.
  EXPECT_EQ(run.instructions[1].start, 11 + 152);
  EXPECT_EQ(counter(run, Counter::DispatchFull), 164u - 34u);
}

TEST(Model, GivesTheSameRunAgainInOneProcess) {
  const std::vector<isa::Instruction> program = {load_row(640), conv_of(3, 4), drain_of(3),
                                                 store_row(80)};
  TinyMachine machine;
  const RunResult first = machine.run(program);
  TinyMachine other;
  other.config = hw::load_config("edge16");
  other.run({load_row(100)});
  const RunResult second = machine.run(program);
  EXPECT_EQ(first.instructions, second.instructions);
  EXPECT_EQ(first.transactions, second.transactions);
  EXPECT_EQ(first.counters, second.counters);
  EXPECT_EQ(first.memory, second.memory);
}

TEST(Model, ReportsTheSameCyclesWithoutValues) {
  const std::vector<isa::Instruction> program = {load_row(640), conv_of(3, 4), drain_of(3),
                                                 store_row(80)};
  TinyMachine machine;
  const RunResult values = machine.run(program);
  machine.options.compute_values = false;
  const RunResult cycles = machine.run(program);
  EXPECT_EQ(values.instructions, cycles.instructions);
  EXPECT_EQ(values.counters, cycles.counters);
  ASSERT_EQ(values.transactions.size(), cycles.transactions.size());
  for (size_t i = 0; i < values.transactions.size(); ++i) {
    Transaction expected = values.transactions[i];
    expected.data_hash = 0;
    EXPECT_EQ(cycles.transactions[i], expected);
  }
}

}  // namespace
}  // namespace zahl::test
