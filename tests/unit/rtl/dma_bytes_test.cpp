// Every alignment: bytes go through the scratchpad and back to DRAM unchanged, and nothing else is
// touched.
#include <algorithm>

#include "tests/unit/rtl/small_program.h"

namespace zahl::rtl {
namespace {

class DmaBytes : public testing::TestWithParam<Setting> {
 protected:
  hw::Config config = hw::load_config(GetParam().preset);
  MemoryConfig memory = memory_of(GetParam().latency, GetParam().rate);
};

struct Move {
  uint32_t from, by, to, bytes, rows;
};

// A load and a store for each move, each after the one before it; the targets follow one another in
// the upper half.
void expect_copies(const hw::Config& config, const MemoryConfig& memory,
                   const std::vector<Move>& moves, uint32_t stall_seed) {
  std::vector<isa::Instruction> code;
  std::vector<uint8_t> expected = test_data();
  const std::vector<uint8_t> data = expected;
  uint32_t done = 0;
  for (const Move& move : moves) {
    isa::Load load = copy<isa::Load>(config, move.from, move.by, move.bytes);
    isa::Store store = copy<isa::Store>(config, move.to, move.by, move.bytes);
    load.rows = store.rows = move.rows;
    load.dram_step = static_cast<int32_t>(move.bytes + 3);
    load.scratchpad_step = store.scratchpad_step = move.bytes + 1;
    store.dram_step = static_cast<int32_t>(move.bytes);
    load.common.wait[1] = done++;
    store.common.wait[0] = done;
    code.emplace_back(load);
    code.emplace_back(store);
    for (uint32_t row = 0; row < move.rows; ++row) {
      std::copy_n(data.begin() + move.from + row * (move.bytes + 3), move.bytes,
                  expected.begin() + move.to + row * move.bytes);
    }
  }
  const DeviceProgram program = program_of(code);
  const RunResult result = rtl::run_rtl(config, memory, program, {}, stall_seed);
  expected.insert(expected.end(), program.memory.begin() + kDataBytes, program.memory.end());
  EXPECT_EQ(result.error, isa::Error::None);
  EXPECT_EQ(std::ranges::mismatch(result.memory, expected).in1 - result.memory.begin(),
            std::ssize(expected));
}

TEST_P(DmaBytes, EveryAlignmentAndSizeArrivesUnchanged) {
  std::vector<Move> moves;
  const auto bus = static_cast<uint32_t>(config.bus_bytes);
  uint32_t to = 32768;
  for (uint32_t from = 0; from < bus; from += 3) {
    for (uint32_t by = 0; by < bus; by += 5) {
      for (uint32_t bytes = 1; bytes <= 2 * bus + 1; bytes += 4) {
        moves.push_back({from + 64 * bytes, by, to, bytes, 1});
        to += bytes + (bytes & 1);
      }
    }
  }
  ASSERT_LT(to, kDataBytes);
  expect_copies(config, memory, moves, 0);
}

TEST_P(DmaBytes, RowsWithGapsAndBurstsAcrossTheLimitArriveUnchanged) {
  expect_copies(config, memory,
                {{1021, 7, 40001, 1030, 3}, {17, 8191, 50000, 2000, 2}, {5, 0, 60000, 1, 17}}, 0);
}

TEST_P(DmaBytes, MemoryThatIsNotReadyChangesNothingButTime) {
  for (uint32_t seed : {1u, 77u, 123456u}) {
    expect_copies(config, memory,
                  {{1021, 7, 40001, 1030, 3}, {17, 8191, 50000, 2000, 2}, {5, 0, 60000, 1, 37}},
                  seed);
  }
}

TEST_P(DmaBytes, ReadSeesAWriteOnlyAfterItsResponse) {
  // A store to the place that a later load reads: without a wait the load may run ahead of the
  // store, with one it may not.
  isa::Load first = copy<isa::Load>(config, 0, 0, 64);
  isa::Store store = copy<isa::Store>(config, 1024, 0, 64);
  store.common.wait[0] = 1;
  isa::Load second = copy<isa::Load>(config, 1024, 4096, 64);
  second.common.wait[1] = 1;
  isa::Store last = copy<isa::Store>(config, 2048, 4096, 64);
  last.common.wait[0] = 2;
  const RunResult result =
      rtl::run_rtl(config, memory, program_of({first, store, second, last}), {});
  EXPECT_TRUE(
      std::equal(result.memory.begin(), result.memory.begin() + 64, result.memory.begin() + 2048));
}

INSTANTIATE_TEST_SUITE_P(Memories, DmaBytes, testing::ValuesIn(kSettings), name_of);

}  // namespace
}  // namespace zahl::rtl
