// Drives the Verilated array with its memories (zahl_array_bench.sv) against array_reference.h: accumulators, faults,
// and the cycles of start, streaming, ready and end by the formula of docs/machine.md section 7. ZAHL_BATCHES sets the
// number of random batches, ZAHL_SEED the first seed; ZAHL_PRESET (a macro) names the machine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <verilated.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "Vzahl_array_bench.h"
#include "array_reference.h"
#include "zahl/config.h"
#include "zahl/encoding.h"

namespace zahl::test {
namespace {

uint32_t setting(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 0));
}

using ArrayInstruction = std::variant<isa::Conv, isa::Depthwise>;

class ArrayBench {
 public:
  ArrayBench() : config(hw::load_config(ZAHL_PRESET)), reference(config) {
    top_.rst_ni = 0;
    for (int i = 0; i < 3; ++i) tick();
    top_.rst_ni = 1;
    tick();
  }
  ~ArrayBench() { top_.final(); }

  // Inputs are set in a cycle, then the cycle ends.
  void tick() {
    top_.clk_i = 0;
    top_.eval();
    top_.clk_i = 1;
    top_.eval();
    ++cycle;
  }
  void settle() {
    top_.clk_i = 0;
    top_.eval();
  }

  void write(int port, int64_t address, const std::vector<uint8_t>& bytes, uint64_t strobe) {
    top_.write_valid_i = static_cast<CData>(top_.write_valid_i | (1 << port));
    (port == 0 ? top_.write_address_0_i : top_.write_address_1_i) = static_cast<IData>(address & 0x1ffffff);
    std::memcpy(port == 0 ? static_cast<void*>(&top_.write_strobe_0_i) : &top_.write_strobe_1_i, &strobe,
                bytes.size() / 8);
    std::memcpy(port == 0 ? static_cast<void*>(&top_.write_data_0_i) : &top_.write_data_1_i, bytes.data(),
                bytes.size());
  }

  void fill_memory(std::mt19937& random) {
    for (auto& byte : reference.memory) byte = static_cast<uint8_t>(random() % 5 == 0 ? 0 : random());
    const auto line = static_cast<size_t>(config.line_bytes);
    for (size_t a = 0; a < reference.memory.size(); a += line) {
      const auto from = reference.memory.begin() + static_cast<std::ptrdiff_t>(a);
      write(0, static_cast<int64_t>(a), {from, from + config.line_bytes}, ~uint64_t{0});
      tick();
      top_.write_valid_i = 0;
    }
  }

  // Runs instructions as soon as the array is ready and `delays` have passed; compares everything.
  void run(const std::vector<ArrayInstruction>& batch, const std::vector<int>& delays) {
    struct End {
      int64_t cycle;
      ArrayEffect effect;
      size_t number;
    };
    std::deque<End> ends;
    int64_t ready = cycle, free = cycle, stream_first = 0, stream_period = 1;
    ArrayEffect streaming;
    std::deque<std::pair<int64_t, int64_t>> streams;
    size_t next = 0;
    bool undefined = false;
    int64_t last_result = 0;
    const int64_t lines = config.weight_tile_lines();
    while (next < batch.size() || !ends.empty()) {
      settle();
      ASSERT_EQ(top_.ready_o, cycle >= ready) << "cycle " << cycle << " instruction " << next;
      ASSERT_EQ(top_.holding_o, cycle < ready);
      while (!streams.empty() && cycle >= streams.front().second) streams.pop_front();
      ASSERT_EQ(top_.streaming_o, !streams.empty() && cycle >= streams.front().first) << "cycle " << cycle;
      if (!ends.empty() && cycle == ends.front().cycle) {
        ASSERT_EQ(top_.fault_o, ends.front().effect.fault) << "instruction " << ends.front().number;
        ends.pop_front();
        if (ends.empty() && next == batch.size()) break;
      }
      ASSERT_EQ(top_.end_o, !ends.empty() && cycle == ends.front().cycle - 1) << "cycle " << cycle;
      top_.start_i = 0;
      if (next < batch.size() && cycle >= ready + delays[next]) {
        const isa::Word word = std::visit([](const auto& x) { return isa::encode(isa::Instruction{x}); }, batch[next]);
        std::memcpy(&top_.instruction_i, word.data(), word.size());
        top_.start_i = 1;
        const ArrayEffect effect = std::visit([&](const auto& x) { return reference.run(x); }, batch[next]);
        undefined |= effect.undefined;
        last_result = effect.last_result;
        stream_first = std::max(cycle + 1 + lines, free);
        stream_period = effect.second ? effect.vectors + lines : std::max(effect.vectors, lines);
        for (int64_t j = 0; j < effect.tiles; ++j) {
          const int64_t q = stream_first + j * stream_period;
          streams.emplace_back(q, q + effect.vectors);
        }
        const int64_t q_last = stream_first + (effect.tiles - 1) * stream_period;
        ready = q_last + (effect.second ? effect.vectors : 1);
        free = q_last + effect.vectors;
        ends.push_back({free + hw::kArrayPipeline, effect, next++});
      }
      tick();
    }
    top_.start_i = 0;
    if (undefined) {
      adopt_accumulators(last_result);
    } else {
      compare_accumulators(last_result);
    }
  }

  // Reads all vectors, the one written last first, in the cycle in which it must be readable.
  template <class F>
  void each_accumulator(int64_t from, F&& visit) {
    const int64_t vectors = config.accumulator_vectors();
    for (int64_t i = 0; i < vectors; ++i) {
      const int64_t index = (from + i) % vectors;
      top_.accumulator_valid_i = 1;
      top_.accumulator_index_i = static_cast<SData>(index);
      tick();
      top_.accumulator_valid_i = 0;
      settle();
      visit(index, reinterpret_cast<const int32_t*>(&top_.accumulator_data_o));
    }
  }
  void compare_accumulators(int64_t from) {
    each_accumulator(from, [&](int64_t index, const int32_t* vector) {
      for (int64_t c = 0; c < config.columns; ++c) {
        ASSERT_EQ(vector[c], reference.accumulators[static_cast<size_t>(index * config.columns + c)])
            << "accumulator " << index << " column " << c;
      }
    });
  }
  void adopt_accumulators(int64_t from) {
    each_accumulator(from, [&](int64_t index, const int32_t* vector) {
      std::copy_n(vector, config.columns, reference.accumulators.begin() + index * config.columns);
    });
  }

  Vzahl_array_bench& top() { return top_; }

  const hw::Config config;
  ArrayReference reference;
  int64_t cycle = 0;

 private:
  Vzahl_array_bench top_;
};

// Random instructions, small enough to check, mostly inside of the scratchpad, with all shapes of padding.
class Generator {
 public:
  Generator(const hw::Config& config, std::mt19937& random) : config_(config), random_(random) {}

  int64_t pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  uint32_t count(uint32_t high) { return static_cast<uint32_t>(random_() % 2 == 0 ? 1 : pick(1, high)); }

  ArrayInstruction next() {
    if (random_() % 2 == 0) return conv();
    return depthwise();
  }

  ArrayInstruction conv() {
    isa::Conv x;
    place(x);
    x.y_step = static_cast<uint32_t>(pick(0, 3));
    x.out_rows = count(6);
    x.out_columns = count(random_() % 4 == 0 ? 60 : 10);
    x.chunks = count(4);
    x.kernel_columns = count(3);
    x.kernel_column_step = static_cast<uint32_t>(pick(0, 40));
    x.kernel_rows = count(3);
    x.kernel_row_step = static_cast<uint32_t>(pick(0, 800));
    x.kernel_y_step = static_cast<uint32_t>(pick(0, 2));
    x.blocks = count(3);
    if (random_() % 2 == 0) split(x);
    return x;
  }

  // The second stream mostly lies near, so that either or both have padding; sometimes far, where it faults alone.
  void split(isa::Conv& x) {
    x.split = static_cast<uint32_t>(pick(0, config_.rows - 1));
    x.second_step = static_cast<int32_t>(random_() % 20 == 0 ? pick(-2097152, 2097151) : pick(-2000, 2000));
    x.second_x = static_cast<int32_t>(random_() % 30 == 0 ? pick(-524288, 524287) : pick(-60, 60));
    x.second_y = static_cast<uint32_t>(random_() % 2 == 0 ? pick(0, 3) : pick(0, 15));
  }

  ArrayInstruction depthwise() {
    isa::Depthwise x;
    place(x);
    x.operation = random_() % 3 == 0 ? isa::DepthwiseOp::Maximum : isa::DepthwiseOp::MultiplyAdd;
    x.x_step = count(3);
    x.y_step = count(3);
    x.out_rows = count(5);
    x.out_columns = count(9);
    x.tap_rows = static_cast<uint32_t>(pick(1, 3));
    x.tap_columns = static_cast<uint32_t>(pick(1, config_.rows / x.tap_rows));
    x.passes = count(3);
    x.blocks = count(3);
    if (random_() % 2 == 0) x.pairs = 1, x.x_step = 2;
    if (random_() % 60 == 0) x.out_columns = static_cast<uint32_t>(pick(1, std::min(config_.line_buffer_pixels, 300)));
    place_lines(x);
    if (random_() % 2 == 0) resume(x);
    if (x.tap_rows > 1) {
      // As the line memory would be taken up again, also after others.
      window_ = x;
      if (random_() % 3 == 0) kept_ = x;
    }
    return x;
  }

  // Gives the blocks places of their own where they fit, sometimes the same or overlapping ones, rarely some outside.
  void place_lines(isa::Depthwise& x) {
    const int64_t even = x.pairs != 0 ? 2 : 1, places = config_.line_buffer_pixels;
    const int64_t width = int64_t{x.out_columns - 1} * x.x_step + x.tap_columns;
    const int64_t used = (width + even - 1) / even * even;
    int64_t step = 0;
    if (random_() % 3 != 0) step = random_() % 2 == 0 ? used : pick(0, used + 8) / even * even;
    if (used + (x.blocks - 1) * step > places) step = 0;
    const int64_t last = std::max<int64_t>(places - used - (x.blocks - 1) * step, 0);
    int64_t base = random_() % 4 == 0 ? last : pick(0, last);
    if (random_() % 100 == 0) base = last + pick(0, 8);
    if (random_() % 200 == 0) base = pick(0, 4095), step = pick(0, 4095);
    x.line_base = static_cast<uint32_t>(base / even * even);
    x.line_step = static_cast<uint32_t>(step / even * even);
  }

  // Goes on below an earlier instruction, with the same places.
  void resume(isa::Depthwise& x) {
    const auto& above = random_() % 2 == 0 ? window_ : kept_;
    if (!above) {
      if (x.tap_rows == 1) x.resume = 1, x.passes = 1;
      return;
    }
    const isa::Depthwise own = x;
    x = *above;
    if (random_() % 2 == 0) {
      // Another input and other weights, below the same rows.
      place(x);
      x.operation = own.operation;
      x.y_step = own.y_step;
    }
    x.out_rows = own.out_rows;
    x.blocks = static_cast<uint32_t>(pick(1, above->blocks));
    if (random_() % 4 == 0) x.tap_rows = static_cast<uint32_t>(pick(1, config_.rows / x.tap_columns)) % 3 + 1;
    if (x.tap_rows * x.tap_columns > static_cast<uint32_t>(config_.rows)) x.tap_rows = 1;
    if (random_() % 4 == 0 && x.out_columns > 1) --x.out_columns;
    x.resume = 1;
    x.passes = 1;
  }

 private:
  template <class X>
  void place(X& x) {
    const int64_t bytes = config_.scratchpad_bytes();
    x.common.read_banks = (1u << (config_.scratchpad_banks - 1) << 1) - 1;
    x.common.accumulator_banks = (1u << config_.accumulator_banks) - 1;
    if (random_() % 12 == 0) x.common.read_banks &= static_cast<uint32_t>(random_() | random_());
    if (random_() % 12 == 0) x.common.accumulator_banks &= static_cast<uint32_t>(random_());
    x.source = static_cast<int32_t>(random_() % 10 == 0 ? pick(-100, 100) : pick(0, bytes - bytes / 4));
    if (random_() % 30 == 0) x.source = static_cast<int32_t>(bytes - pick(0, 3000));
    x.input_x = static_cast<int32_t>(pick(-40, 20));
    x.input_row_limit = static_cast<uint32_t>(random_() % 3 == 0 ? pick(0, 60) : pick(0, 1000));
    x.input_y = static_cast<int32_t>(pick(-3, 1));
    x.input_y_limit = static_cast<uint32_t>(pick(0, 12));
    x.pad_value = static_cast<int32_t>(pick(-128, 127));
    x.pixel_step = static_cast<uint32_t>(random_() % 3 == 0 ? config_.columns : pick(0, 50));
    x.row_step = static_cast<uint32_t>(pick(0, 1000));
    if (random_() % 50 == 0) x.pixel_step = 0x3ffff, x.row_step = 0x3fffff, x.input_row_limit = 0xfffff;
    x.weights = static_cast<uint32_t>(pick(0, bytes - bytes / 4) / config_.line_bytes * config_.line_bytes);
    if (random_() % 40 == 0) x.weights = static_cast<uint32_t>(bytes - pick(1, 40) * config_.line_bytes);
    x.weight_zero = static_cast<int32_t>(random_() % 2 == 0 ? 0 : pick(-128, 127));
    const int64_t vectors = config_.accumulator_vectors();
    x.accumulator = static_cast<uint32_t>(random_() % 20 == 0 ? std::min<int64_t>(pick(0, vectors + 10), 4095)
                                                              : pick(0, vectors / 2));
    x.accumulate = random_() % 2;
  }

  const hw::Config& config_;
  std::mt19937& random_;
  std::optional<isa::Depthwise> window_, kept_;
};

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
      program += std::visit([](const auto& x) { return isa::disassemble(isa::Instruction{x}); }, instructions.back());
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
  for (uint32_t vectors = 1; vectors <= static_cast<uint32_t>(bench.config.weight_tile_lines()) + 1; ++vectors) {
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

TEST(Scratchpad, AnyBytesAreReadInTheCycleAfterTheyWereWritten) {
  std::mt19937 random(setting("ZAHL_SEED", 1));
  ArrayBench bench;
  bench.fill_memory(random);
  auto& top = bench.top();
  auto& memory = bench.reference.memory;
  const int64_t bytes = bench.config.scratchpad_bytes(), line = bench.config.line_bytes;
  for (int i = 0; i < 20000; ++i) {
    const int64_t near = random() % 4 == 0 ? 0 : static_cast<int64_t>(random() % static_cast<uint64_t>(bytes));
    const auto close = [&] { return near + static_cast<int64_t>(random() % 300) - 150; };
    const int port = static_cast<int>(random() % 2);
    std::vector<uint8_t> data(static_cast<size_t>(line));
    for (auto& byte : data) byte = static_cast<uint8_t>(random());
    const int64_t to = std::max<int64_t>(close(), 0);
    const uint64_t ones = line == 64 ? ~uint64_t{0} : (uint64_t{1} << line) - 1;
    const uint64_t strobe =
        (ones >> (random() % static_cast<uint64_t>(line))) & (ones << (random() % static_cast<uint64_t>(line)));
    bench.write(port, to, data, strobe);
    bench.tick();
    top.write_valid_i = 0;
    bool write_fault = false;
    for (int64_t b = 0; b < line; ++b) write_fault |= (strobe >> b & 1) != 0 && to + b >= bytes;
    for (int64_t b = 0; b < line && !write_fault; ++b) {
      if ((strobe >> b & 1) != 0) memory[static_cast<size_t>(to + b)] = data[static_cast<size_t>(b)];
    }
    const int64_t from = close(), first = static_cast<int64_t>(random() % static_cast<uint64_t>(line));
    const int64_t last = first + static_cast<int64_t>(random() % static_cast<uint64_t>(line - first));
    const int read_port = static_cast<int>(random() % 3);
    const uint32_t banks = random() % 4 == 0 ? static_cast<uint32_t>(random()) : ~0u;
    top.read_valid_i = 1;
    top.read_port_i = static_cast<CData>(read_port);
    top.read_address_i = static_cast<IData>(from & 0x1ffffff);
    top.read_first_i = static_cast<CData>(first);
    top.read_last_i = static_cast<CData>(last);
    top.read_banks_i = banks;
    bench.settle();
    ASSERT_EQ(top.write_fault_o, write_fault ? 1 << port : 0) << "write to " << to << " strobe " << strobe;
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
      ASSERT_EQ(answer[b], fault ? 0 : memory[static_cast<size_t>(from + b)]) << "read from " << from << " byte " << b;
    }
  }
}

// Not checks: cycles a second of the array and its memories while they stream. ZAHL_CYCLES sets how many.
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
TEST(ArraySpeed, DISABLED_Depthwise) { measure_speed("depthwise", two_by_two(isa::DepthwiseOp::MultiplyAdd)); }
TEST(ArraySpeed, DISABLED_Maximum) { measure_speed("maximum", two_by_two(isa::DepthwiseOp::Maximum)); }
TEST(ArraySpeed, DISABLED_Idle) { measure_speed("idle", isa::Conv{}); }

}  // namespace
}  // namespace zahl::test
