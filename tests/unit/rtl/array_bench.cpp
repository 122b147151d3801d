// Drives the Verilated array with its memories (zahl_array_bench.sv) against array_reference.h:
// accumulators, faults, and the cycles of start, streaming, ready and end by the formula of
// docs/machine.md section 7. ZAHL_BATCHES sets the number of random batches, ZAHL_SEED the first
// seed; ZAHL_PRESET (a macro) names the machine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <verilated.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "isa/encoding.h"
#include "tests/unit/rtl/array_driver.h"
#include "tests/unit/rtl/array_generator.h"

namespace zahl::test {
namespace {

uint32_t setting(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 0));
}

TEST(Array, RandomInstructionsGiveTheReferencesAccumulatorsInTheFormulasCycles) {
  const uint32_t seed = setting("ZAHL_SEED", 1);
  std::mt19937 random(seed);
  ArrayBench bench;
  bench.fill_memory(random);
  Generator generator(bench.config, random);
  for (uint32_t batch = 0; batch < setting("ZAHL_BATCHES", 300); ++batch) {
    std::vector<ArrayInstruction> instructions;
    std::vector<int> delays;
    std::string program;
    for (int64_t i = generator.pick(1, 8); i > 0; --i) {
      instructions.push_back(generator.next());
      delays.push_back(static_cast<int>(random() % 2 == 0 ? 0 : generator.pick(0, 40)));
      program += std::visit([](const auto& x) { return isa::disassemble(isa::Instruction{x}); },
                            instructions.back());
      program += '\n';
    }
    SCOPED_TRACE(fmt::format("seed {} batch {}\n{}", seed, batch, program));
    bench.run(instructions, delays);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Array, TilesOfOneVectorFollowEachOtherEveryTileLoad) {
  std::mt19937 random(7);
  ArrayBench bench;
  bench.fill_memory(random);
  for (uint32_t vectors = 1; vectors <= static_cast<uint32_t>(bench.config.weight_tile_lines()) + 1;
       ++vectors) {
    isa::Conv x;
    x.common.read_banks = (1u << (bench.config.scratchpad_banks - 1) << 1) - 1;
    x.common.accumulator_banks = 1;
    x.input_row_limit = 0xfffff;
    x.input_y_limit = 1;
    x.pixel_step = 3;
    x.out_columns = vectors;
    x.chunks = 9;
    x.blocks = 2;
    bench.run({x, x, x}, {0, 0, 0});
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Array, AnInstructionSeesTheLastSumOfTheOneBefore) {
  std::mt19937 random(8);
  ArrayBench bench;
  bench.fill_memory(random);
  isa::Conv x;
  x.common.read_banks = 1;
  x.common.accumulator_banks = 3;
  x.input_row_limit = 0xfffff;
  x.input_y_limit = 1;
  x.pixel_step = 7;
  x.out_columns = static_cast<uint32_t>(2 * bench.config.weight_tile_lines());
  isa::Conv y = x;
  y.accumulator = x.out_columns - 1;
  y.accumulate = 1;
  bench.run({x, y, x}, {0, 0, 0});
}

// Padding on all sides; two blocks.
isa::Depthwise padded_window(const hw::Config& config, uint32_t tap_columns, uint32_t stride) {
  isa::Depthwise x;
  x.common.read_banks = 0xff;
  x.common.accumulator_banks = 0xf;
  x.source = 3001;
  x.pixel_step = static_cast<uint32_t>(2 * config.columns);
  x.row_step = 9 * x.pixel_step + 5;
  x.input_x = -static_cast<int32_t>(x.pixel_step);
  x.input_y = -1;
  x.input_row_limit = 8 * x.pixel_step;
  x.input_y_limit = 5 + 4 * stride;
  x.pad_value = 77;
  x.tap_rows = 2;
  x.tap_columns = tap_columns;
  x.x_step = x.y_step = stride;
  x.out_rows = 6;
  x.out_columns = stride == 2 ? 4 : 7;
  x.blocks = 2;
  x.line_step = 12;
  return x;
}

// The rows `first` to `first + rows` of its results, with the line memory as the rows before leave
// it.
isa::Depthwise stripe_of(isa::Depthwise x, uint32_t first, uint32_t rows) {
  const uint32_t above = first == 0 ? 0 : x.tap_rows + (first - 1) * x.y_step;
  x.resume = first != 0 ? 1 : 0;
  x.source += static_cast<int32_t>(above * x.row_step);
  x.input_y += static_cast<int32_t>(above);
  x.out_rows = rows;
  x.blocks = 1;
  return x;
}

TEST(Array, StripesAndPairsGiveWhatTheWholeGives) {
  std::mt19937 random(9);
  ArrayBench bench;
  bench.fill_memory(random);
  const auto accumulators = [&](int64_t first, int64_t vectors) {
    const auto from = bench.reference.accumulators.begin() + first * bench.config.columns;
    return std::vector<int32_t>(from, from + vectors * bench.config.columns);
  };
  for (uint32_t tap_columns = 1; tap_columns <= 4; ++tap_columns) {
    for (uint32_t stride = 1; stride <= 2; ++stride) {
      const isa::Depthwise whole = padded_window(bench.config, tap_columns, stride);
      bench.run({whole}, {0});
      if (testing::Test::HasFatalFailure()) return;
      const int64_t vectors = whole.out_rows * whole.out_columns;
      const auto expected = accumulators(0, vectors);
      for (uint32_t pairs = 0; pairs < stride; ++pairs) {
        isa::Depthwise x = whole;
        x.pairs = pairs;
        bench.run({isa::Conv{}, x}, {0, 0});
        EXPECT_EQ(accumulators(0, vectors), expected);
        // In between, one that does not pass the line memory and one that passes other places.
        isa::Depthwise flat = whole, other = whole;
        flat.tap_rows = 1;
        flat.accumulator = other.accumulator = 60;
        other.line_base = 40;
        isa::Depthwise lower = stripe_of(x, 4, 2), middle = stripe_of(x, 1, 3);
        middle.accumulator = x.out_columns;
        lower.accumulator = 4 * x.out_columns;
        bench.run({stripe_of(x, 0, 1), flat, middle, other, lower}, {0, 0, 0, 0, 0});
        if (testing::Test::HasFatalFailure()) return;
        EXPECT_EQ(accumulators(0, vectors), expected) << tap_columns << " taps, stride " << stride;
      }
    }
  }
}

TEST(Array, ThePixelBeforeAnOddRowOfPairsIsNotRead) {
  std::mt19937 random(10);
  ArrayBench bench;
  bench.fill_memory(random);
  isa::Depthwise x = padded_window(bench.config, 3, 2);
  x.pairs = 1;
  x.source = 0;
  x.input_x = static_cast<int32_t>(x.pixel_step);
  x.input_y = 0;
  bench.run({x}, {0});
  EXPECT_FALSE(bench.reference.run(x).fault);
}

TEST(Scratchpad, AnyBytesAreReadInTheCycleAfterTheyWereWritten) {
  std::mt19937 random(setting("ZAHL_SEED", 1));
  ArrayBench bench;
  bench.fill_memory(random);
  auto& top = bench.top();
  auto& memory = bench.reference.memory;
  const int64_t bytes = bench.config.scratchpad_bytes(), line = bench.config.line_bytes;
  for (int i = 0; i < 20000; ++i) {
    const int64_t near =
        random() % 4 == 0 ? 0 : static_cast<int64_t>(random() % static_cast<uint64_t>(bytes));
    const auto close = [&] { return near + static_cast<int64_t>(random() % 300) - 150; };
    const int port = static_cast<int>(random() % 2);
    std::vector<uint8_t> data(static_cast<size_t>(line));
    for (auto& byte : data) byte = static_cast<uint8_t>(random());
    const int64_t to = std::max<int64_t>(close(), 0);
    const uint64_t ones = line == 64 ? ~uint64_t{0} : (uint64_t{1} << line) - 1;
    const uint64_t some = (ones >> (random() % static_cast<uint64_t>(line))) &
                          (ones << (random() % static_cast<uint64_t>(line)));
    const uint64_t strobe = some == 0 ? 1 : some;  // a write has bytes
    bench.write(port, to, data, strobe);
    bench.tick();
    top.write_valid_i = 0;
    bool write_fault = false;
    for (int64_t b = 0; b < line; ++b) write_fault |= (strobe >> b & 1) != 0 && to + b >= bytes;
    for (int64_t b = 0; b < line && !write_fault; ++b) {
      if ((strobe >> b & 1) != 0)
        memory[static_cast<size_t>(to + b)] = data[static_cast<size_t>(b)];
    }
    const int64_t from = close(),
                  first = static_cast<int64_t>(random() % static_cast<uint64_t>(line));
    const int64_t last =
        first + static_cast<int64_t>(random() % static_cast<uint64_t>(line - first));
    const int read_port = static_cast<int>(random() % 3);
    const uint32_t banks = random() % 4 == 0 ? static_cast<uint32_t>(random()) : ~0u;
    top.read_valid_i = 1;
    top.read_port_i = static_cast<CData>(read_port);
    top.read_address_i = static_cast<IData>(from & 0x1ffffff);
    top.read_first_i = static_cast<CData>(first);
    top.read_last_i = static_cast<CData>(last);
    top.read_banks_i = banks;
    bench.settle();
    ASSERT_EQ(top.write_fault_o, write_fault ? 1 << port : 0)
        << "write to " << to << " strobe " << strobe;
    bench.tick();
    top.read_valid_i = 0;
    bench.settle();
    const auto good = [&](int64_t a) {
      return a >= 0 && a < bytes && (banks >> (a / bench.config.scratchpad_bank_bytes) & 1) != 0;
    };
    const bool fault = !good(from + first) || !good(from + last);
    ASSERT_EQ(top.read_fault_o, fault ? 1 << read_port : 0) << "read from " << from;
    const void* answers[] = {&top.store_data_o, &top.a_data_o, &top.b_data_o};
    const auto* answer = static_cast<const uint8_t*>(answers[read_port]);
    for (int64_t b = first; b <= last; ++b) {
      ASSERT_EQ(answer[b], fault ? 0 : memory[static_cast<size_t>(from + b)])
          << "read from " << from << " byte " << b;
    }
  }
}

// Not checks: cycles a second of the array and its memories while they stream. ZAHL_CYCLES sets how
// many.
template <class X>
void measure_speed(const char* what, X x) {
  x.common.read_banks = 0xffff;
  x.common.accumulator_banks = 0xf;
  x.input_row_limit = 100000;
  x.input_y_limit = 100;
  x.pixel_step = 16;
  x.row_step = 1000;
  x.out_rows = 8;
  x.out_columns = 16;
  x.weights = 32768;
  std::mt19937 random(1);
  ArrayBench bench;
  bench.fill_memory(random);
  auto& top = bench.top();
  const isa::Word word = isa::encode(isa::Instruction{x});
  std::memcpy(&top.instruction_i, word.data(), word.size());
  const bool idle = std::string_view(what) == "idle";
  const uint32_t cycles = setting("ZAHL_CYCLES", 1000000);
  const auto begin = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < cycles; ++i) {
    top.start_i = !idle && top.ready_o;
    bench.tick();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fmt::print("{}: {:.2f} M cycles/s\n", what, cycles / seconds.count() / 1e6);
}

isa::Depthwise two_by_two(isa::DepthwiseOp operation) {
  isa::Depthwise x;
  x.operation = operation;
  x.tap_rows = x.tap_columns = 2;
  x.blocks = 2;
  return x;
}

TEST(ArraySpeed, DISABLED_Conv) {
  isa::Conv x;
  x.chunks = 9;
  measure_speed("conv", x);
}
TEST(ArraySpeed, DISABLED_Depthwise) {
  measure_speed("depthwise", two_by_two(isa::DepthwiseOp::MultiplyAdd));
}
TEST(ArraySpeed, DISABLED_Maximum) {
  measure_speed("maximum", two_by_two(isa::DepthwiseOp::Maximum));
}
TEST(ArraySpeed, DISABLED_Idle) { measure_speed("idle", isa::Conv{}); }

}  // namespace
}  // namespace zahl::test
