// The cycles of fetch, dispatch, load and store, worked out from docs/machine.md sections 3 to 6.
#include "tests/unit/rtl/small_program.h"

namespace zahl::rtl {
namespace {

class DmaCycles : public testing::TestWithParam<Setting> {
 protected:
  hw::Config config = hw::load_config(GetParam().preset);
  MemoryConfig memory = memory_of(GetParam().latency, GetParam().rate);
  int64_t latency = GetParam().latency;
  int64_t bus = config.bus_bytes;
  int64_t rate = std::min<int64_t>(GetParam().rate, bus);

  // Cycles from the first beat of a burst to its last, and to the first free cycle of the channel.
  int64_t to_last(int64_t beats) const { return (beats - 1) * bus / rate; }
  int64_t channel(int64_t beats) const { return (beats * bus + rate - 1) / rate; }
  // A fetch of n instructions asked for in cycle 1 can be dispatched, first instruction, from this
  // cycle on.
  int64_t first_dispatch() const { return 1 + latency + to_last(64 / bus) + 1; }

  RunResult run(const std::vector<isa::Instruction>& code, RunOptions options = {}) const {
    return rtl::run_rtl(config, memory, program_of(code), options);
  }
};

TEST_P(DmaCycles, OneLoadEndsTwoCyclesAfterItsLastBeat) {
  const RunResult result = run({copy<isa::Load>(config, 256, 64, 64)});
  const int64_t start = first_dispatch() + 1;
  const int64_t beats = 64 / bus;
  const int64_t first = std::max(start + 1 + latency, 1 + latency + channel(beats));
  ASSERT_EQ(result.instructions.size(), 1u);
  EXPECT_EQ(result.instructions[0],
            (InstructionTrace{0, isa::Unit::Load, start, first + to_last(beats) + 2}));
  EXPECT_EQ(result.cycles, first + to_last(beats) + 3);
  ASSERT_EQ(result.transactions.size(), 2u);
  EXPECT_EQ(result.transactions[0].kind, Transaction::Kind::Fetch);
  EXPECT_EQ(result.transactions[0].cycle, 1);
  EXPECT_EQ(result.transactions[1].cycle, start + 1);
  EXPECT_EQ(result.transactions[1].last, first + to_last(beats));
  EXPECT_EQ(result.transactions[1].address, 256u);
  EXPECT_EQ(counter(result, isa::Counter::ReadBeats), static_cast<uint64_t>(2 * beats));
}

TEST_P(DmaCycles, OneStoreEndsInTheCycleAfterItsResponse) {
  const RunResult result = run({copy<isa::Store>(config, 256, 64, 64)});
  const int64_t start = first_dispatch() + 1;
  const int64_t beats = 64 / bus;
  const int64_t last_data = start + 1 + (beats - 1) + 2;
  const int64_t free = last_data + 1 + channel(beats);
  const int64_t response = std::max(free, last_data + latency);
  ASSERT_EQ(result.instructions.size(), 1u);
  EXPECT_EQ(result.instructions[0], (InstructionTrace{0, isa::Unit::Store, start, response + 1}));
  ASSERT_EQ(result.transactions.size(), 2u);
  EXPECT_EQ(result.transactions[1].cycle, last_data);
  EXPECT_EQ(result.transactions[1].last, response);
  EXPECT_EQ(counter(result, isa::Counter::WriteBeats), static_cast<uint64_t>(beats));
  EXPECT_EQ(counter(result, isa::Counter::StoreBusy), static_cast<uint64_t>(response + 1 - start));
}

TEST_P(DmaCycles, WaitingInstructionStartsInTheCycleInWhichTheTokenIsVisible) {
  isa::Store store = copy<isa::Store>(config, 512, 64, 64);
  store.common.wait[0] = 1;
  const RunResult result = run({copy<isa::Load>(config, 256, 64, 64), store});
  ASSERT_EQ(result.instructions.size(), 2u);
  EXPECT_EQ(result.instructions[1].start, result.instructions[0].end);
  EXPECT_EQ(counter(result, isa::Counter::LoadBusy) + counter(result, isa::Counter::LoadIdle),
            static_cast<uint64_t>(result.cycles - 1));
  const int64_t queued =
      first_dispatch() + channel(64 / bus);  // the second instruction is dispatched
  EXPECT_EQ(counter(result, isa::Counter::StoreWaitLoad),
            static_cast<uint64_t>(result.instructions[0].end - queued - 1));
}

TEST_P(DmaCycles, RowsAreCutAtMultiplesOfBurstBytesAndNeverMerged) {
  isa::Load load = copy<isa::Load>(config, 1000, 5, 1100);
  load.rows = 2;
  load.dram_step = 1100;
  load.scratchpad_step = 1200;
  const RunResult result = run({load});
  ASSERT_EQ(config.burst_bytes, 1024);
  std::vector<std::pair<uint64_t, uint32_t>> bursts;
  for (const Transaction& t : result.transactions) {
    if (t.kind == Transaction::Kind::Load) bursts.emplace_back(t.address, t.beats);
  }
  const auto width = static_cast<uint32_t>(bus);
  const auto burst = [&](uint32_t from, uint32_t to) {  // bytes [from, to)
    return std::pair<uint64_t, uint32_t>(from / width * width, (to - 1) / width - from / width + 1);
  };
  EXPECT_EQ(bursts, (std::vector{burst(1000, 1024), burst(1024, 2048), burst(2048, 2100),  //
                                 burst(2100, 3072), burst(3072, 3200)}));
  // One address a cycle: all asked for in a row.
  for (size_t n = 1; n < 5; ++n)
    EXPECT_EQ(result.transactions[n + 1].cycle, result.transactions[n].cycle + 1);
}

TEST_P(DmaCycles, LoadHoldsNoMoreThanLoadBurstsInFlight) {
  isa::Load load = copy<isa::Load>(config, 0, 0, 8);
  load.rows = static_cast<uint32_t>(config.load_bursts) + 1;
  load.dram_step = 64;
  load.scratchpad_step = 64;
  const RunResult result = run({load});
  std::vector<Transaction> bursts;
  for (const Transaction& t : result.transactions) {
    if (t.kind == Transaction::Kind::Load) bursts.push_back(t);
  }
  ASSERT_EQ(bursts.size(), load.rows);
  EXPECT_EQ(bursts.back().cycle, std::max(bursts[bursts.size() - 2].cycle, bursts[0].last) + 1);
}

TEST_P(DmaCycles, StoreHoldsNoMoreThanStoreBurstsInFlight) {
  isa::Store store = copy<isa::Store>(config, 0, 0, 8);
  store.rows = static_cast<uint32_t>(config.store_bursts) + 1;
  store.dram_step = 64;
  store.scratchpad_step = 64;
  const RunResult result = run({store});
  std::vector<Transaction> bursts;
  for (const Transaction& t : result.transactions) {
    if (t.kind == Transaction::Kind::Store) bursts.push_back(t);
  }
  ASSERT_EQ(bursts.size(), store.rows);
  // Begun in cycle c, on the data channel in c + 2.
  EXPECT_EQ(bursts.back().cycle - 2,
            std::max(bursts[bursts.size() - 2].cycle - 2, bursts[0].last) + 1);
}

TEST_P(DmaCycles, NextLoadStartsInTheCycleAfterTheLastAddress) {
  const RunResult result =
      run({copy<isa::Load>(config, 0, 0, 2048), copy<isa::Load>(config, 4096, 2048, 8)});
  ASSERT_EQ(result.instructions.size(), 2u);
  const int64_t dispatched = first_dispatch() + channel(64 / bus);
  EXPECT_EQ(result.instructions[1].start,
            std::max(result.instructions[0].start + 3, dispatched + 1));
}

TEST_P(DmaCycles, FetchAsksAgainWhenPlacesAreFree) {
  const std::vector<isa::Instruction> code(40, copy<isa::Load>(config, 0, 0, 8));
  const RunResult result = run(code);
  std::vector<Transaction> bursts;
  for (const Transaction& t : result.transactions) {
    if (t.kind == Transaction::Kind::Fetch) bursts.push_back(t);
  }
  ASSERT_EQ(bursts.size(), 5u);
  EXPECT_EQ(bursts[0].cycle, 1);
  EXPECT_EQ(bursts[1].cycle, 2);
  // The third burst needs the first eight places again: the eighth instruction leaves in the cycle
  // after its last beat.
  EXPECT_EQ(bursts[2].cycle, bursts[0].last + 2);
  EXPECT_EQ(result.instructions.size(), 40u);
}

TEST_P(DmaCycles, EachUnitCountsInExactlyOneCategoryPerCycle) {
  isa::Store store = copy<isa::Store>(config, 512, 64, 64);
  store.common.wait[0] = 2;
  const RunResult result =
      run({copy<isa::Load>(config, 256, 64, 64), copy<isa::Load>(config, 0, 128, 900), store});
  using isa::Counter;
  for (const auto& [first, last] : {std::pair(Counter::LoadBusy, Counter::LoadIdle),
                                    std::pair(Counter::StoreBusy, Counter::StoreIdle),
                                    std::pair(Counter::ArrayBusy, Counter::ArrayIdle),
                                    std::pair(Counter::PostBusy, Counter::PostIdle)}) {
    uint64_t sum = 0;
    for (auto n = static_cast<size_t>(first); n <= static_cast<size_t>(last); ++n)
      sum += result.counters[n];
    EXPECT_EQ(sum, static_cast<uint64_t>(result.cycles - 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Memories, DmaCycles, testing::ValuesIn(kSettings), name_of);

}  // namespace
}  // namespace zahl::rtl
