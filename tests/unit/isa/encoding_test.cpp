#include "isa/encoding.h"

#include <gtest/gtest.h>

#include <random>

#include "isa/config.h"

namespace zahl::isa {
namespace {

// The word whose bytes from `first` on are these, the others 0.
void put(Word& word, size_t first, std::initializer_list<int> bytes) {
  for (const int x : bytes) word[first++] = static_cast<uint8_t>(x);
}

int64_t lowest(const FieldInfo& info) {
  return info.is_signed ? -(int64_t{1} << (info.bits - 1)) : info.bias;
}
int64_t highest(const FieldInfo& info) {
  return info.is_signed ? (int64_t{1} << (info.bits - 1)) - 1
                        : (int64_t{1} << info.bits) - 1 + info.bias;
}

template <class F, size_t... I>
void for_each_kind(F&& f, std::index_sequence<I...>) {
  (f(std::variant_alternative_t<I, Instruction>{}), ...);
}
template <class F>
void for_each_kind(F&& f) {
  for_each_kind(f, std::make_index_sequence<std::variant_size_v<Instruction>>{});
}

// Sets field number `n` (common fields first) of the instruction; false when there are fewer.
template <class X>
bool set_field(X& x, size_t n, int64_t (*choose)(const FieldInfo&)) {
  const auto set = [&](const FieldInfo& info, auto& value) {
    if (n-- == 0) value = static_cast<std::remove_reference_t<decltype(value)>>(choose(info));
  };
  const size_t wanted = n;
  for_each_field(x.common, set);
  for_each_field(x, set);
  return n > wanted;  // wrapped below zero
}

// Whether the C++ type of field number `n` holds no value beyond the field's.
template <class X>
bool fills_its_type(const X& x, size_t n) {
  bool result = false;
  const auto look = [&](const FieldInfo& info, const auto& value) {
    if (n-- == 0) result = info.bits == 8 * static_cast<int>(sizeof(value));
  };
  for_each_field(x.common, look);
  for_each_field(x, look);
  return result;
}

// Bytes written out by hand from docs/isa.md, so that a mistake of the generator cannot hide in
// both directions.
TEST(Encoding, PutsALoadWhereTheTableSays) {
  Load x;
  x.common.wait[2] = 3;
  x.common.write_banks = 0x8001;
  x.dram = 0x123456789A;
  x.dram_step = -2;
  x.scratchpad = 0xABCDEF;
  x.scratchpad_step = 0x1234;
  x.rows = 0x123;
  x.row_bytes = 0xABCDF;
  Word word{};
  put(word, 0, {0x01});
  put(word, 6, {0x03});
  put(word, 15, {0x01, 0x80});
  put(word, 20,
      {0x9A, 0x78, 0x56, 0x34, 0x12, 0xFE, 0xFF, 0xFF, 0xFF, 0xEF, 0xCD, 0xAB, 0x34, 0x12, 0x80,
       0x48});
  put(word, 36, {0xE0, 0xCD, 0xAB});
  EXPECT_EQ(encode(x), word);
  EXPECT_EQ(decode(word), Instruction{x});
}

TEST(Encoding, PutsASetTableWhereTheTableSays) {
  SetTable x;
  x.common.wait[3] = 0xFFFFF;
  x.common.read_banks = 0x80000001;
  x.common.accumulator_banks = 0xA5;
  x.source = 0x100;
  x.slot = 1;
  Word word{};
  put(word, 0, {0x22});
  put(word, 8, {0xF0, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0x80});
  put(word, 19, {0xA5, 0x00, 0x01, 0x00, 0x01});
  EXPECT_EQ(encode(x), word);
  EXPECT_EQ(decode(word), Instruction{x});
}

TEST(Encoding, PutsNegativeFieldsOfAConvWhereTheTableSays) {
  Conv x;
  x.source = -1;
  x.input_x = -2;
  x.input_row_limit = 0x12345;
  x.input_y = -8192;
  x.input_y_limit = 0x3FFF;
  x.pad_value = -128;
  Word word{};
  put(word, 0, {0x10});
  put(word, 20, {0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x5F, 0x34, 0x12, 0x00, 0xE0, 0xFF, 0x0F, 0x08});
  EXPECT_EQ(encode(x), word);
  EXPECT_EQ(decode(word), Instruction{x});
}

TEST(Encoding, EveryFieldComesBackWhateverItsValue) {
  std::mt19937_64 engine(1);
  for (int round = 0; round < 200; ++round) {
    for_each_kind([&](auto x) {
      const auto randomize = [&](const FieldInfo& info, auto& value) {
        const auto span = static_cast<uint64_t>(highest(info) - lowest(info)) + 1;
        const uint64_t random = engine();
        const int64_t chosen = random % 4 == 0 ? lowest(info)
                               : random % 4 == 1
                                   ? highest(info)
                                   : lowest(info) + static_cast<int64_t>(engine() % span);
        value = static_cast<std::remove_reference_t<decltype(value)>>(chosen);
      };
      for_each_field(x.common, randomize);
      for_each_field(x, randomize);
      ASSERT_EQ(decode(encode(x)), Instruction{x}) << disassemble(x);
    });
  }
}

TEST(Encoding, NoTwoFieldsShareABit) {
  for_each_kind([](auto x) {
    Word before = encode(x);
    for (size_t n = 0;; ++n) {
      auto changed = x;
      // Signed fields become -1, biased ones all ones in storage: every bit of the field differs
      // from the default.
      if (!set_field(changed, n,
                     [](const FieldInfo& info) { return info.is_signed ? -1 : highest(info); }))
        break;
      const Word word = encode(changed);
      for (size_t i = 1; i < word.size(); ++i) {
        ASSERT_EQ(before[i] & word[i] & encode(x)[i], encode(x)[i]);
        ASSERT_EQ(before[i] & (word[i] ^ encode(x)[i]), 0)
            << x.kName << " field " << n << " byte " << i;
        before[i] = static_cast<uint8_t>(before[i] | word[i]);
      }
    }
  });
}

TEST(Encoding, RefusesAValueThatDoesNotFit) {
  int refused = 0;
  for_each_kind([&](auto x) {
    for (size_t n = 0;; ++n) {
      auto changed = x;
      if (!set_field(changed, n, [](const FieldInfo& info) { return highest(info) + 1; })) break;
      if (fills_its_type(x, n)) continue;
      EXPECT_THROW(encode(changed), std::out_of_range) << x.kName << " field " << n;
      ++refused;
    }
  });
  EXPECT_GT(refused, 100);
}

// What a user of isa::limits relies on, judged by encode and by the rules of dispatch.
TEST(Encoding, TakesEveryFieldAtItsLimitsAndNothingBeyond) {
  const hw::Config config = hw::load_config("edge16");
  int cut_by_rules = 0;
  for_each_kind([&](auto x) {
    for (size_t n = 0;; ++n) {
      auto least = x, most = x, below = x, above = x;
      if (!set_field(least, n, [](const FieldInfo& info) { return info.limits.min; })) break;
      set_field(most, n, [](const FieldInfo& info) { return info.limits.max; });
      set_field(below, n, [](const FieldInfo& info) { return info.limits.min - 1; });
      set_field(above, n, [](const FieldInfo& info) { return info.limits.max + 1; });
      EXPECT_NO_THROW(encode(least)) << x.kName << " field " << n;
      EXPECT_NO_THROW(encode(most)) << x.kName << " field " << n;
      if (fills_its_type(x, n)) continue;
      EXPECT_THROW(encode(below), std::out_of_range) << x.kName << " field " << n;
      try {
        encode(above);
        EXPECT_NE(broken_rule(above, config), "") << x.kName << " field " << n;
        EXPECT_EQ(broken_rule(most, config), "") << x.kName << " field " << n;
        ++cut_by_rules;
      } catch (const std::out_of_range&) {
      }
    }
  });
  EXPECT_EQ(cut_by_rules, 2);  // depthwise.tap_rows and eltwise.operation
  EXPECT_EQ(limits::Conv::out_rows.max, 1024);
  EXPECT_EQ(limits::Conv::source.min, -(1 << 23));
  EXPECT_EQ(limits::Depthwise::tap_rows.max, 3);
}

TEST(Encoding, NamesFieldAndRangeWhenAValueDoesNotFit) {
  Load x;
  x.rows = 16385;
  try {
    encode(x);
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "load.rows = 16385 does not fit; it holds 1 to 16384");
  }
  x.rows = 0;
  EXPECT_THROW(encode(x), std::out_of_range);
}

TEST(Encoding, RefusesEachReservedBit) {
  for_each_kind([](auto x) {
    for (int bit = x.kUsedBits; bit < kInstructionBits; ++bit) {
      Word word = encode(x);
      const auto at = static_cast<size_t>(bit / 8);
      word[at] = static_cast<uint8_t>(word[at] | 1u << (bit % 8));
      std::string why;
      ASSERT_FALSE(decode(word, &why).has_value()) << x.kName << " bit " << bit;
      ASSERT_NE(why.find("reserved"), std::string::npos);
    }
  });
}

TEST(Encoding, RefusesEveryOtherOpcode) {
  int known = 0;
  for (int opcode = 0; opcode < 256; ++opcode) {
    Word word{};
    word[0] = static_cast<uint8_t>(opcode);
    known += decode(word).has_value() ? 1 : 0;
  }
  EXPECT_EQ(known, static_cast<int>(std::variant_size_v<Instruction>));
}

class Legality : public testing::Test {
 protected:
  bool is_legal(const Instruction& x) const { return decode_legal(encode(x), config_).has_value(); }
  hw::Config config_ = hw::load_config("edge16");
};

TEST_F(Legality, ClaimsNameBanksThatExist) {
  Load x;
  x.common.write_banks = 0xFFFF;
  x.common.accumulator_banks = 0xF;
  EXPECT_TRUE(is_legal(x));
  x.common.accumulator_banks = 0x10;
  EXPECT_FALSE(is_legal(x));
  x.common.accumulator_banks = 0;
  x.common.write_banks = 0x10000;
  EXPECT_FALSE(is_legal(x));
  x.common.write_banks = 0;
  x.common.read_banks = 0x80000000;
  EXPECT_FALSE(is_legal(x));
}

TEST_F(Legality, WeightsParametersAndTablesStandOnLines) {
  Conv conv;
  conv.weights = 16;
  EXPECT_TRUE(is_legal(conv));
  conv.weights = 8;
  EXPECT_FALSE(is_legal(conv));
  config_ = hw::load_config("tiny8");
  EXPECT_TRUE(is_legal(conv));
  SetTable table;
  table.source = 4;
  EXPECT_FALSE(is_legal(table));
  Softmax softmax;
  softmax.exponentials = 12;
  EXPECT_FALSE(is_legal(softmax));
}

TEST_F(Legality, WindowsFitTheRows) {
  Depthwise x;
  x.tap_rows = 3, x.tap_columns = 5;
  EXPECT_TRUE(is_legal(x));
  x.tap_columns = 6;
  EXPECT_FALSE(is_legal(x));
  x.tap_rows = 4, x.tap_columns = 1;
  EXPECT_FALSE(is_legal(x));
}

TEST_F(Legality, ResumedWindowsHaveOnePass) {
  Depthwise x;
  x.passes = 2;
  EXPECT_TRUE(is_legal(x));
  x.resume = 1;
  EXPECT_FALSE(is_legal(x));
  x.passes = 1;
  EXPECT_TRUE(is_legal(x));
}

TEST_F(Legality, PairsStepByTwoPixelsAndTwoPlaces) {
  Depthwise x;
  x.line_base = 3, x.line_step = 5;
  EXPECT_TRUE(is_legal(x));
  x.pairs = 1, x.x_step = 2;
  EXPECT_FALSE(is_legal(x));
  x.line_base = 4;
  EXPECT_FALSE(is_legal(x));
  x.line_step = 6;
  EXPECT_TRUE(is_legal(x));
  for (const uint32_t step : {1u, 3u, 4u}) {
    x.x_step = step;
    EXPECT_FALSE(is_legal(x)) << step;
  }
}

TEST_F(Legality, ASecondStreamBeginsInsideTheVector) {
  Conv x;
  x.split = static_cast<uint32_t>(config_.rows) - 1;
  EXPECT_TRUE(is_legal(x));
  ++x.split;
  EXPECT_FALSE(is_legal(x));
}

TEST_F(Legality, EltwiseRefusesContradictions) {
  Eltwise x;
  x.exact = 1, x.rounding = Rounding::HalfUp;
  EXPECT_TRUE(is_legal(x));
  x.rounding = Rounding::TflDouble;
  EXPECT_FALSE(is_legal(x));
  x.rounding = Rounding::HalfUp, x.operation = EltwiseOp::Mul;
  EXPECT_FALSE(is_legal(x));
  x.exact = 0;
  EXPECT_TRUE(is_legal(x));
  x.operation = static_cast<EltwiseOp>(3);
  EXPECT_FALSE(is_legal(x));
  x.operation = EltwiseOp::Mul, x.low = 1, x.high = 0;
  EXPECT_FALSE(is_legal(x));
}

TEST(Disassembly, NamesWaitsClaimsAndFields) {
  SetTable x;
  x.common.wait[0] = 2;
  x.common.read_banks = 1;
  x.source = 256;
  EXPECT_EQ(disassemble(x), "set_table  wait_load=2 read_banks=0x1 source=256");
}

}  // namespace
}  // namespace zahl::isa
