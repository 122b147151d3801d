// Drives the Verilated post unit with random instructions and compares bytes with the naive
// interpreter, cycles with the formulas of docs/machine.md section 8, and faults with the accesses
// of each instruction. ZAHL_PRESET names the machine that was Verilated, ZAHL_INSTRUCTIONS the
// number of random instructions of each kind, ZAHL_SEED the seed.
#include <gtest/gtest.h>
#include <verilated.h>

#include <bit>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include "Vzahl_post_bench.h"
#include "engines/reference/instruction_accesses.h"
#include "engines/reference/interpreter_state.h"
#include "isa/config.h"
#include "isa/encoding.h"

namespace zahl {
namespace {

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::stoll(text) : otherwise;
}

hw::Config machine() {
  const char* preset = std::getenv("ZAHL_PRESET");
  return hw::load_config(preset != nullptr ? preset : "edge16");
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// e - s, with each number of section 8.
int64_t cycles(const hw::Config& config, const isa::Drain& x) {
  const int64_t parameters = reference::parameter_bytes(config, x.uniform != 0) / config.line_bytes;
  return int64_t{x.blocks} * (parameters + int64_t{x.out_rows} * x.out_columns) + 6;
}
int64_t cycles(const hw::Config& config, const isa::Eltwise& x) {
  return int64_t{x.rows} * divide_up(x.row_bytes, config.columns) + 8;
}
int64_t cycles(const hw::Config& config, const isa::SetTable&) {
  return 256 / config.line_bytes + 3;
}
int64_t cycles(const hw::Config&, const isa::Softmax& x) {
  return 1 + int64_t{x.rows} * (3 * int64_t{x.row_bytes} + 4 + 8 + 40 + 12);
}

// The part of the memories that the tests use.
constexpr int64_t kBytes = 32768;
constexpr int64_t kVectors = 200;

class Post : public ::testing::Test {
 protected:
  Post()
      : config_(machine()),
        state_(config_, {}),
        random_(static_cast<uint64_t>(setting("ZAHL_SEED", 1))) {
    device_.rst_ni = 0;
    tick();
    device_.rst_ni = 1;
    tick();
    fill_memories();
  }

  void tick() {
    device_.clk_i = 0;
    device_.eval();
    device_.clk_i = 1;
    device_.eval();
    device_.clk_i = 0;
    device_.eval();
  }

  int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  uint32_t unsigned_draw(int64_t low, int64_t high) {
    return static_cast<uint32_t>(draw(low, high));
  }
  bool flip() { return draw(0, 1) == 1; }

  void fill_line(int64_t address) {
    for (int i = 0; i < config_.line_bytes; ++i) {
      reinterpret_cast<uint8_t*>(&device_.fill_data_i)[i] =
          state_.scratchpad[static_cast<size_t>(address + i)];
    }
    device_.fill_address_i = static_cast<uint32_t>(address);
    device_.fill_i = 1;
    tick();
    device_.fill_i = 0;
  }

  // Copies what the bench has changed in its own scratchpad.
  void update(int64_t address, int64_t bytes) {
    const int64_t line = config_.line_bytes;
    for (int64_t a = address / line * line; a < address + bytes; a += line) fill_line(a);
  }

  void fill_memories() {
    for (int64_t i = 0; i < kBytes; ++i)
      state_.scratchpad[static_cast<size_t>(i)] = static_cast<uint8_t>(random_());
    update(0, kBytes);
    device_.accumulator_fill_i = 1;
    for (int64_t v = 0; v < kVectors; ++v) {
      for (int c = 0; c < config_.columns; ++c) {
        state_.accumulator(v, c) = static_cast<int32_t>(random_()) >> draw(0, 28);
        reinterpret_cast<int32_t*>(&device_.accumulator_data_i)[c] = state_.accumulator(v, c);
      }
      device_.accumulator_index_i = static_cast<uint16_t>(v);
      tick();
    }
    device_.accumulator_fill_i = 0;
  }

  uint8_t peek(int64_t address) {
    const int64_t line = address / config_.line_bytes * config_.line_bytes;
    device_.peek_address_i = static_cast<uint32_t>(line);
    device_.peek_i = 1;
    tick();
    device_.peek_i = 0;
    return reinterpret_cast<const uint8_t*>(&device_.peek_data_o)[address - line];
  }

  void expect_same_scratchpad(const std::string& what) {
    for (int64_t line = 0; line < kBytes; line += config_.line_bytes) {
      peek(line);
      for (int64_t i = 0; i < config_.line_bytes; ++i) {
        ASSERT_EQ(reinterpret_cast<const uint8_t*>(&device_.peek_data_o)[i],
                  state_.scratchpad[static_cast<size_t>(line + i)])
            << "byte " << line + i << " after " << what;
      }
    }
  }

  // Starts in the first ready cycle and runs to e. Returns e - s; the fault is that of cycle e.
  int64_t start_and_run(const isa::Instruction& instruction, bool& fault) {
    device_.eval();
    EXPECT_TRUE(device_.ready_o);
    const isa::Word word = isa::encode(instruction);
    std::memcpy(&device_.instruction_i, word.data(), word.size());
    device_.start_i = 1;
    tick();
    device_.start_i = 0;
    std::memset(&device_.instruction_i, 0xff, word.size());
    int64_t cycle = 1;
    for (; !device_.end_o && cycle < 1000000; ++cycle) {
      EXPECT_FALSE(device_.ready_o);
      tick();
    }
    EXPECT_FALSE(device_.ready_o);
    tick();
    EXPECT_FALSE(device_.end_o);
    EXPECT_TRUE(device_.ready_o);
    fault = device_.fault_o;
    return cycle + 1;
  }

  bool in_claims(const isa::Instruction& instruction) const {
    bool good = true;
    const isa::Common& common = isa::common_of(instruction);
    reference::for_each_access(config_, instruction, [&](const reference::Access& x) {
      const bool vectors = x.space == reference::Space::Accumulators;
      const int64_t unit =
          vectors ? config_.accumulator_bank_vectors : config_.scratchpad_bank_bytes;
      const int64_t end = vectors ? config_.accumulator_vectors() : config_.scratchpad_bytes();
      const uint32_t claim = vectors      ? common.accumulator_banks
                             : x.is_write ? common.write_banks
                                          : common.read_banks;
      if (x.address < 0 || x.address + x.size > end) {
        good = false;
        return;
      }
      for (int64_t bank = x.address / unit; bank <= (x.address + x.size - 1) / unit; ++bank) {
        good = good && ((claim >> bank) & 1) != 0;
      }
    });
    return good;
  }

  template <class X>
  void claim_all(X& x) {
    x.common.read_banks = static_cast<uint32_t>((uint64_t{1} << config_.scratchpad_banks) - 1);
    x.common.write_banks = x.common.read_banks;
    x.common.accumulator_banks = (1U << config_.accumulator_banks) - 1;
  }

  // REQUIRES: every access is inside kBytes and kVectors and claimed.
  template <class X>
  void check(const X& x) {
    const std::string text = isa::disassemble(x);
    ASSERT_EQ(isa::illegal_reason(x, config_), "") << text;
    ASSERT_TRUE(in_claims(x)) << text;
    bool fault = true;
    EXPECT_EQ(start_and_run(x, fault), cycles(config_, x)) << text;
    EXPECT_FALSE(fault) << text;
    reference::execute(state_, x);
    expect_same_scratchpad(text);
  }

  isa::SetTable random_table(int64_t address) {
    isa::SetTable x;
    claim_all(x);
    x.source = static_cast<uint32_t>(address / config_.line_bytes * config_.line_bytes);
    x.slot = unsigned_draw(0, 1);
    return x;
  }

  template <class X>
  void random_rounding(X& x) {
    x.rounding = static_cast<isa::Rounding>(draw(0, 3));
    x.zero_point = static_cast<int32_t>(draw(-128, 127));
    x.low = flip() ? -128 : static_cast<int32_t>(draw(-128, 127));
    x.high = flip() ? 127 : static_cast<int32_t>(draw(x.low, 127));
    x.use_table = unsigned_draw(0, 1);
    x.table_slot = unsigned_draw(0, 1);
  }

  // Parameters at 0, results from a third of the memory on.
  isa::Drain random_drain() {
    isa::Drain x;
    claim_all(x);
    random_rounding(x);
    x.uniform = unsigned_draw(0, 1);
    x.m0 = unsigned_draw(0, 0x7fffffff);
    x.shift = unsigned_draw(20, 63);
    x.blocks = unsigned_draw(1, 4);
    x.out_rows = unsigned_draw(1, 4);
    x.out_columns = unsigned_draw(1, 9);
    x.accumulator = unsigned_draw(0, kVectors - 4 * 36);
    x.last_channels = unsigned_draw(1, config_.columns);
    x.pixel_step = unsigned_draw(0, 70);
    x.row_step = unsigned_draw(0, 400);
    x.block_step = unsigned_draw(0, 3000);
    x.result = unsigned_draw(kBytes / 3, kBytes / 3 + 100);
    const int64_t bytes = reference::parameter_bytes(config_, x.uniform != 0) * x.blocks;
    x.params = unsigned_draw(0, 20) * static_cast<uint32_t>(config_.line_bytes);
    for (int64_t block = 0; block < int64_t{x.blocks}; ++block) fill_parameters(x, block);
    update(x.params, bytes);
    return x;
  }

  void set_word(int64_t address, uint32_t value) {
    for (int i = 0; i < 4; ++i)
      state_.scratchpad[static_cast<size_t>(address + i)] = static_cast<uint8_t>(value >> (8 * i));
  }

  void fill_parameters(const isa::Drain& x, int64_t block) {
    const int64_t words = reference::parameter_bytes(config_, true);
    const int64_t base = x.params + block * reference::parameter_bytes(config_, x.uniform != 0);
    for (int c = 0; c < config_.columns; ++c) {
      set_word(base + 4 * c, static_cast<uint32_t>(random_()) >> draw(0, 28));
      if (x.uniform) continue;
      set_word(base + words + 4 * c, static_cast<uint32_t>(random_()) >> draw(1, 4));
      state_.scratchpad[static_cast<size_t>(base + 2 * words + c)] =
          static_cast<uint8_t>(draw(20, 63));
    }
  }

  // Operands in two banks of the lower half, the result above: a read port serves one address a
  // cycle.
  isa::Eltwise random_eltwise() {
    isa::Eltwise x;
    claim_all(x);
    random_rounding(x);
    x.operation = static_cast<isa::EltwiseOp>(draw(0, 2));
    x.exact = x.operation != isa::EltwiseOp::Mul && x.rounding != isa::Rounding::TflDouble && flip()
                  ? 1
                  : 0;
    x.rows = unsigned_draw(1, 5);
    x.row_bytes = unsigned_draw(1, 100);
    x.a_step = unsigned_draw(0, 150);
    x.b_step = unsigned_draw(0, 150);
    x.result_step = unsigned_draw(0, 150);
    x.a = unsigned_draw(0, 1000);
    x.b = unsigned_draw(0, 1000) + static_cast<uint32_t>(second_bank_);
    x.result = unsigned_draw(2000, 3000);
    x.a_zero = static_cast<int32_t>(draw(-128, 127));
    x.b_zero = static_cast<int32_t>(draw(-128, 127));
    x.a_m0 = unsigned_draw(0, 0x7fffffff);
    x.b_m0 = unsigned_draw(0, 0x7fffffff);
    x.a_shift = flip() ? unsigned_draw(0, 3) : unsigned_draw(0, 31);
    x.b_shift = flip() ? unsigned_draw(0, 3) : unsigned_draw(0, 31);
    x.m0 = unsigned_draw(0, 0x7fffffff);
    x.shift = unsigned_draw(x.operation == isa::EltwiseOp::Mul ? 30
                            : x.exact                          ? 28
                                                               : 45,
                            x.exact ? 40 : 55);
    if (flip() && x.exact == 0) {  // operands whose last bit shows in the result
      x.a_m0 = 1024 * unsigned_draw(1, 8);
      x.b_m0 = unsigned_draw(1, 8192);
      x.m0 = 1U << 30;
      x.shift = unsigned_draw(30, 32);
      x.zero_point = 0;
    }
    return x;
  }

  // Not exponentials, but numbers whose rounding shows in the sum; the first keeps the sum from
  // being 0.
  void fill_small_numbers(int64_t address) {
    for (int d = 0; d < 256; ++d)
      set_word(address + 4 * d, 1024 * unsigned_draw(d == 0 ? 4 : 0, 12));
    update(address, 1024);
  }

  // A falling table of exponentials, exact at 0 as every real one.
  void fill_exponentials(int64_t address, int64_t fall) {
    uint64_t value = 0x7fffffff;
    for (int d = 0; d < 256; ++d) {
      set_word(address + 4 * d, static_cast<uint32_t>(value));
      value -= value * static_cast<uint64_t>(fall) / 256;
    }
    update(address, 1024);
  }

  isa::Softmax random_softmax() {
    isa::Softmax x;
    claim_all(x);
    x.rows = unsigned_draw(1, 4);
    x.row_bytes = draw(0, 9) == 0 ? unsigned_draw(500, 1000) : unsigned_draw(1, 40);
    x.source_step = unsigned_draw(0, 100);
    x.result_step = unsigned_draw(0, 100);
    x.source = unsigned_draw(0, 1000);
    x.result = unsigned_draw(2500, 3000);
    x.exponentials = static_cast<uint32_t>(second_bank_);
    if (draw(0, 3) == 0) {
      fill_small_numbers(x.exponentials);
    } else {
      fill_exponentials(x.exponentials, draw(0, 3) == 0 ? 0 : draw(0, 120));
    }
    x.m0 = flip() ? 1U << 30 : unsigned_draw(0, 0x7fffffff);
    x.shift = flip() ? 53 : unsigned_draw(40, 63);
    x.zero_point = flip() ? -128 : static_cast<int32_t>(draw(-128, 127));
    if (flip()) {  // neighbouring values, so that many exponentials are large
      const int64_t bytes = int64_t{x.rows} * x.source_step + x.row_bytes;
      for (int64_t i = 0; i < bytes; ++i) {
        state_.scratchpad[static_cast<size_t>(x.source + i)] = static_cast<uint8_t>(draw(0, 12));
      }
      update(x.source, bytes);
    }
    return x;
  }

  hw::Config config_;
  reference::State state_;
  std::mt19937_64 random_;
  Vzahl_post_bench device_;
  int64_t second_bank_ = config_.scratchpad_bank_bytes;
  int64_t instructions_ = setting("ZAHL_INSTRUCTIONS", 200);
};

TEST_F(Post, RunsRandomInstructionsOfEveryKindWithTheBytesOfTheReferenceInTheCyclesOfTheFormula) {
  if (second_bank_ + 4096 > kBytes) {
    // The tests keep operands in the first two banks; larger banks are filled where it matters.
    for (int64_t i = 0; i < 8192; ++i) {
      state_.scratchpad[static_cast<size_t>(second_bank_ + i)] = static_cast<uint8_t>(random_());
    }
    update(second_bank_, 8192);
  }
  for (uint32_t slot : {0U, 1U}) {
    isa::SetTable x = random_table(1024);
    x.slot = slot;
    ASSERT_NO_FATAL_FAILURE(check(x));
  }
  for (int64_t i = 0; i < 4 * instructions_; ++i) {
    const int64_t kind = draw(0, 9);
    if (kind == 0) {
      ASSERT_NO_FATAL_FAILURE(check(random_table(draw(0, kBytes - 256))));
    } else if (kind < 5) {
      ASSERT_NO_FATAL_FAILURE(check(random_drain()));
    } else if (kind < 8) {
      ASSERT_NO_FATAL_FAILURE(check(random_eltwise()));
    } else {
      ASSERT_NO_FATAL_FAILURE(check(random_softmax()));
    }
    if (HasNonfatalFailure()) return;
    if (i % 50 == 49) fill_memories();
  }
}

TEST_F(Post, EndsSoftmaxOfEveryRowLengthUpTo70InTheCycleOfTheFormula) {
  update(second_bank_, 1024);
  for (uint32_t n = 1; n <= 70; ++n) {
    isa::Softmax x = random_softmax();
    x.row_bytes = n;
    ASSERT_NO_FATAL_FAILURE(check(x));
  }
}

TEST_F(Post, RunsEltwiseOfEveryRowLengthUpToThreeVectors) {
  for (int n = 1; n <= 3 * config_.columns; ++n) {
    isa::Eltwise x = random_eltwise();
    x.use_table = 0;
    x.row_bytes = static_cast<uint32_t>(n);
    ASSERT_NO_FATAL_FAILURE(check(x));
  }
}

TEST_F(Post, FaultsExactlyWhenAnAccessIsOutsideItsClaimsAndOnlyThen) {
  bool seen_fault = false, seen_none = false;
  for (int64_t i = 0; i < 4 * instructions_; ++i) {
    isa::Instruction instruction;
    const auto spread = [&](auto x, auto&... addresses) {
      // Near a bank's border, near the end, past the 24 bits, or anywhere.
      const auto place = [&](uint32_t& address) {
        const int64_t border = config_.scratchpad_bank_bytes * draw(1, config_.scratchpad_banks);
        if (draw(0, 2) != 0)
          address = static_cast<uint32_t>(std::max<int64_t>(0, border - draw(0, 200)));
        if (draw(0, 9) == 0) address = unsigned_draw(0, (1 << 24) - 1);
      };
      (place(addresses), ...);
      return x;
    };
    const int64_t kind = draw(0, 3);
    if (kind == 0) {
      isa::Drain x = random_drain();
      spread(0, x.result, x.params);
      x.params -= x.params % static_cast<uint32_t>(config_.line_bytes);
      if (draw(0, 3) == 0) x.block_step = x.row_step = unsigned_draw(0, (1 << 22) - 1);
      if (draw(0, 3) == 0) x.accumulator = unsigned_draw(0, config_.accumulator_vectors());
      x.common.accumulator_banks =
          flip() ? x.common.accumulator_banks : unsigned_draw(0, x.common.accumulator_banks);
      instruction = x;
    } else if (kind == 1) {
      isa::Eltwise x = random_eltwise();
      spread(0, x.a, x.b, x.result);
      if (draw(0, 3) == 0)
        x.rows = unsigned_draw(1, 40), x.result_step = unsigned_draw(0, (1 << 22) - 1);
      instruction = x;
    } else if (kind == 2) {
      isa::SetTable x = random_table(0);
      spread(0, x.source);
      x.source -= x.source % static_cast<uint32_t>(config_.line_bytes);
      instruction = x;
    } else {
      isa::Softmax x = random_softmax();
      spread(0, x.source, x.result);
      instruction = x;
    }
    isa::Common& common = isa::common_of(instruction);
    const uint32_t all = common.read_banks;
    if (flip())
      common.read_banks = all & ~(flip() ? 1U << draw(0, config_.scratchpad_banks - 1) : 0U);
    if (flip())
      common.write_banks = all & ~(flip() ? 1U << draw(0, config_.scratchpad_banks - 1) : 0U);
    if (const auto* softmax = std::get_if<isa::Softmax>(&instruction)) {
      // Which exponentials are read depends on the data; keep all of them claimed.
      if (((common.read_banks >> (softmax->exponentials / static_cast<uint32_t>(second_bank_))) &
           1) == 0)
        continue;
    }
    bool fault = false;
    const bool good = in_claims(instruction);
    const int64_t took = start_and_run(instruction, fault);
    ASSERT_EQ(took, std::visit(
                        [&](const auto& x) -> int64_t {
                          if constexpr (std::decay_t<decltype(x)>::kUnit == isa::Unit::Post)
                            return cycles(config_, x);
                          return 0;
                        },
                        instruction));
    ASSERT_EQ(fault, !good) << isa::disassemble(instruction);
    (good ? seen_none : seen_fault) = true;
  }
  EXPECT_TRUE(seen_fault);
  EXPECT_TRUE(seen_none);
}

}  // namespace
}  // namespace zahl
