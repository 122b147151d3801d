// Instructions that read the same input again: what the model keeps of it must be forgotten when a
// byte of it is written, by load or by post, and only the input decides whether it is the same.
#include <gtest/gtest.h>

#include "engines/reference/program_interpreter.h"
#include "isa/config.h"
#include "isa/encoding.h"
#ifdef ZAHL_HAS_MODEL
#include "sim/top/model.h"
#endif

namespace zahl::test {
namespace {

constexpr uint64_t kParameters = 8192, kProgram = 1 << 15, kMemory = 1 << 16;

class RepeatedInput : public testing::TestWithParam<const char*> {
 protected:
  uint32_t bank(int n) const { return static_cast<uint32_t>(n * config_.scratchpad_bank_bytes); }

  // Each instruction waits for all before it.
  template <class Instruction>
  Instruction& add(Instruction x) {
    x.common.wait = ended_;
    ++ended_[static_cast<size_t>(x.kUnit)];
    program_.push_back(x);
    return std::get<Instruction>(program_.back());
  }
  void load(uint64_t dram, uint32_t to, uint32_t bytes) {
    isa::Load x;
    x.dram = dram, x.scratchpad = to, x.row_bytes = bytes;
    x.common.write_banks = 1u << (to / bank(1));
    add(x);
  }
  isa::Conv convolution() const {
    isa::Conv x;
    x.source = static_cast<int32_t>(bank(0)), x.weights = bank(1);
    x.input_x = -4, x.input_row_limit = 40, x.input_y_limit = 2, x.pad_value = 3;
    x.pixel_step = 4, x.row_step = 40, x.y_step = 1;
    x.out_rows = 2, x.out_columns = 6, x.chunks = 2;
    x.common.read_banks = 3, x.common.accumulator_banks = 1;
    return x;
  }
  // Convolve, requantize into bank 2 at `result`.
  void convolve(const isa::Conv& conv, uint32_t result) {
    add(conv);
    isa::Drain drain;
    drain.params = bank(3), drain.uniform = 1, drain.m0 = 1u << 30, drain.shift = 38;
    drain.low = -128, drain.high = 127;
    drain.out_rows = conv.out_rows, drain.out_columns = conv.out_columns, drain.blocks = 1;
    drain.last_channels = static_cast<uint32_t>(config_.columns);
    drain.result = result, drain.pixel_step = static_cast<uint32_t>(config_.columns);
    drain.row_step = drain.pixel_step * conv.out_columns;
    drain.common.read_banks = 8, drain.common.accumulator_banks = 1;
    drain.common.write_banks = 1u << (result / bank(1));
    add(drain);
  }
  // Runs what was added, stores `from` .. and compares the memory.
  void expect_agreement() {
#ifdef ZAHL_HAS_MODEL
    DeviceProgram device;
    device.memory.resize(kMemory);
    for (size_t i = 0; i < kProgram; ++i)
      device.memory[i] = static_cast<uint8_t>(i * i * 31 + i / 7);
    std::fill_n(device.memory.begin() + kParameters, 1024,
                uint8_t{0});  // no bias, so that results are in range
    device.program_address = kProgram;
    device.instruction_count = static_cast<uint32_t>(program_.size());
    for (size_t i = 0; i < program_.size(); ++i) {
      std::ranges::copy(isa::encode(program_[i]),
                        device.memory.begin() + kProgram + i * isa::kInstructionBytes);
    }
    const RunResult expected = reference::interpret(config_, device);
    const RunResult got = sim::run_model(config_, {}, device, {});
    ASSERT_EQ(expected.error, isa::Error::None);
    ASSERT_EQ(got.error, isa::Error::None);
    ASSERT_FALSE(expected.memory == device.memory);
    EXPECT_TRUE(expected.memory == got.memory);
#endif
  }
  void begin() {
    load(0, bank(0), 100);
    load(1000, bank(1), 4096);
    load(kParameters, bank(3), 1024);
  }
  void store_results(uint32_t bytes) {
    isa::Store x;
    x.dram = 24000, x.scratchpad = bank(2), x.row_bytes = bytes;
    x.common.read_banks = 4;
    add(x);
  }

  hw::Config config_ = hw::load_config(GetParam());
  std::vector<isa::Instruction> program_;
  std::array<uint32_t, isa::kUnitCount> ended_{};
};

TEST_P(RepeatedInput, WithOtherWeights) {
  begin();
  convolve(convolution(), bank(2));
  load(2000, bank(1), 4096);
  convolve(convolution(), bank(2) + 1024);
  store_results(2048);
  expect_agreement();
}

TEST_P(RepeatedInput, WrittenByLoad) {
  begin();
  convolve(convolution(), bank(2));
  load(333, bank(0) + 50, 1);
  convolve(convolution(), bank(2) + 1024);
  store_results(2048);
  expect_agreement();
}

TEST_P(RepeatedInput, WrittenByPost) {
  begin();
  convolve(convolution(), bank(2));
  convolve(convolution(), bank(0));
  convolve(convolution(), bank(2) + 1024);
  store_results(2048);
  expect_agreement();
}

TEST_P(RepeatedInput, WithOtherPaddingOrWeightZero) {
  begin();
  convolve(convolution(), bank(2));
  isa::Conv x = convolution();
  x.pad_value = -7;
  convolve(x, bank(2) + 1024);
  x.weight_zero = 9;
  convolve(x, bank(2) + 2048);
  x.kernel_rows = 2, x.kernel_row_step = 40, x.kernel_y_step = 1, x.out_rows = 1, x.chunks = 1;
  convolve(x, bank(2) + 3072);
  store_results(4096);
  expect_agreement();
}

INSTANTIATE_TEST_SUITE_P(Presets, RepeatedInput, testing::Values("edge16", "tiny8", "wide32"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace zahl::test
