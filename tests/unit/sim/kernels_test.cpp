// Every set of kernels gives the bytes of the scalar one.
#include <gtest/gtest.h>

#include <random>

#include "sim/array/column_conv.h"
#include "sim/array/column_depthwise.h"
#include "sim/base/kernel_set.h"
#include "sim/post/eltwise_lane.h"
#include "sim/post/requantizer.h"

namespace zahl::sim::kernels {
namespace {

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  int8_t byte() {
    return static_cast<int8_t>(between(0, 7) == 0 ? (between(0, 1) == 0 ? -128 : 127)
                                                  : between(-128, 127));
  }
  // Many magnitudes.
  int32_t word() {
    return static_cast<int32_t>(static_cast<uint32_t>(engine_())) >> between(0, 31);
  }
  std::vector<int8_t> bytes(size_t count) {
    std::vector<int8_t> v(count);
    for (int8_t& b : v) b = byte();
    return v;
  }
  std::vector<int32_t> words(size_t count) {
    std::vector<int32_t> v(count);
    for (int32_t& w : v) w = word();
    return v;
  }

 private:
  std::mt19937_64 engine_;
};

bool has(KernelSet set) {
  for (KernelSet each : available_kernel_sets()) {
    if (each == set) return true;
  }
  return false;
}

TEST(ConvKernels, AgreeForAllSmallShapes) {
  Numbers numbers(1);
  std::vector<int32_t> sums;
  for (int columns : {8, 16, 32, 64}) {
    for (int blocks = 1; blocks <= 6; ++blocks) {
      for (int vectors = 1; vectors <= 17; ++vectors) {
        ConvJob job;
        job.columns = columns;
        job.blocks = blocks;
        job.vectors = vectors;
        job.kernel_rows = static_cast<int>(numbers.between(1, 3));
        job.kernel_columns = static_cast<int>(numbers.between(1, 3));
        job.groups = static_cast<int>(numbers.between(1, 40));
        job.kernel_column_step = numbers.between(0, 20);
        job.weight_zero = numbers.between(0, 1) == 0 ? 0 : numbers.byte();
        job.accumulate = numbers.between(0, 1) == 1;
        const auto input = numbers.bytes(2048);
        std::vector<const int8_t*> inputs;
        for (int i = 0; i < vectors * job.kernel_rows; ++i)
          inputs.push_back(input.data() + numbers.between(0, 1024));
        job.inputs = inputs.data();
        const auto weights =
            numbers.bytes(static_cast<size_t>(job.groups_of_block() * columns * 4 * blocks));
        job.weights = weights.data();
        const auto before = numbers.words(static_cast<size_t>(blocks * vectors * columns));

        auto expected = before;
        job.accumulators = expected.data();
        conv_scalar(job);
        if (has(KernelSet::Avx2)) {
          auto got = before;
          job.accumulators = got.data();
          conv_avx2(job);
          ASSERT_EQ(got, expected)
              << columns << " columns, " << blocks << " blocks, " << vectors << " vectors";
        }
        if (has(KernelSet::Avx512) && columns % 16 == 0) {
          auto got = before;
          job.accumulators = got.data();
          conv_avx512(job, sums);
          ASSERT_EQ(got, expected)
              << columns << " columns, " << blocks << " blocks, " << vectors << " vectors";
          got = before;
          job.has_sums = true;
          conv_avx512(job, sums);
          job.has_sums = false;
          ASSERT_EQ(got, expected) << "with the sums of the call before";
        }
      }
    }
  }
}

TEST(DepthwiseKernels, Agree) {
  if (!has(KernelSet::Avx512)) GTEST_SKIP() << "this host has no AVX-512";
  Numbers numbers(2);
  std::vector<uint8_t> room;
  for (int n = 0; n < 3000; ++n) {
    const int tap_rows = static_cast<int>(numbers.between(1, 6)),
              tap_columns = static_cast<int>(numbers.between(1, 9));
    DepthwiseJob job;
    job.x_step = static_cast<int>(numbers.between(1, 3));
    job.y_step = static_cast<int>(numbers.between(1, 3));
    job.out_rows = static_cast<int>(numbers.between(1, 4));
    job.out_columns = static_cast<int>(numbers.between(1, 9));
    job.plane_columns = (job.out_columns - 1) * job.x_step + tap_columns;
    job.weight_zero = numbers.between(0, 1) == 0 ? 0 : numbers.byte();
    job.maximum = numbers.between(0, 2) == 0;
    job.accumulate = numbers.between(0, 1) == 1;
    job.channels = numbers.between(0, 1) == 0 ? 8 : 16;
    job.step = 16 * numbers.between(1, 4);
    const int plane_rows = (job.out_rows - 1) * job.y_step + tap_rows;
    const auto plane = numbers.bytes(static_cast<size_t>(plane_rows * job.plane_columns * 16 + 64));
    job.plane = reinterpret_cast<const uint8_t*>(plane.data());
    std::vector<Tap> taps;
    for (int row = 0; row < tap_rows; ++row) {
      for (int column = 0; column < tap_columns; ++column) {
        Tap& tap = taps.emplace_back();
        tap.row = row;
        tap.column = column;
        for (int8_t& weight : tap.weights)
          weight = numbers.between(0, 3) == 0 ? int8_t{0} : numbers.byte();
      }
    }
    job.taps = taps.data();
    job.tap_count = static_cast<int>(taps.size());
    const auto before =
        numbers.words(static_cast<size_t>(job.out_rows * job.out_columns * job.step));
    auto expected = before, got = before;
    job.accumulators = expected.data();
    depthwise_scalar(job);
    job.accumulators = got.data();
    depthwise_avx512(job, room);
    ASSERT_EQ(got, expected) << "case " << n << ", maximum " << job.maximum << ", channels "
                             << job.channels;
    got = before;
    job.accumulators = got.data();
    depthwise_avx2(job);
    ASSERT_EQ(got, expected) << "case " << n << ", maximum " << job.maximum << ", channels "
                             << job.channels;
  }
}

Finish random_finish(Numbers& numbers, const int8_t* table) {
  Finish finish;
  finish.rounding = static_cast<isa::Rounding>(numbers.between(0, 3));
  finish.zero_point = numbers.byte();
  finish.low = numbers.byte();
  finish.high = static_cast<int>(numbers.between(finish.low, 127));
  finish.table = numbers.between(0, 1) == 0 ? nullptr : table;
  return finish;
}

// Multipliers and shifts that give results in range as often as out of it.
uint32_t random_m0(Numbers& numbers) {
  const int64_t kind = numbers.between(0, 7);
  if (kind == 0) return 0x7fffffff;
  if (kind == 1) return 0;
  if (kind == 2) return uint32_t{1} << numbers.between(0, 30);
  return static_cast<uint32_t>(numbers.between(1 << 30, 0x7fffffff));
}

TEST(DrainKernels, Agree) {
  if (!has(KernelSet::Avx512)) GTEST_SKIP() << "this host has no AVX-512";
  Numbers numbers(3);
  const auto table = numbers.bytes(256);
  for (int n = 0; n < 5000; ++n) {
    DrainJob job;
    job.vector_elements = 8 << numbers.between(0, 3);
    job.channels = static_cast<int>(numbers.between(1, job.vector_elements));
    job.rows = static_cast<int>(numbers.between(1, 3));
    job.columns = static_cast<int>(numbers.between(1, 5));
    job.pixel_step = numbers.between(64, 70);
    job.row_step = job.pixel_step * job.columns;
    for (size_t c = 0; c < static_cast<size_t>(job.channels); ++c) {
      job.bias[c] = numbers.word();
      job.m0[c] = random_m0(numbers);
      job.shift[c] = static_cast<uint8_t>(numbers.between(0, 63));
    }
    job.finish = random_finish(numbers, table.data());
    auto accumulators =
        numbers.words(static_cast<size_t>(job.rows * job.columns * job.vector_elements));
    if (numbers.between(0, 3) == 0) accumulators[0] = INT32_MIN;
    job.accumulators = accumulators.data();
    std::vector<int8_t> expected(static_cast<size_t>(job.rows * job.row_step)), got = expected;
    job.result = expected.data();
    drain_scalar(job);
    job.result = got.data();
    drain_avx512(job);
    ASSERT_EQ(got, expected) << "case " << n << ", rounding "
                             << static_cast<int>(job.finish.rounding);
  }
}

TEST(EltwiseKernels, Agree) {
  if (!has(KernelSet::Avx512)) GTEST_SKIP() << "this host has no AVX-512";
  Numbers numbers(4);
  const auto table = numbers.bytes(256);
  for (int n = 0; n < 20000; ++n) {
    EltwiseJob job;
    job.count = numbers.between(1, 40);
    job.operation = static_cast<isa::EltwiseOp>(numbers.between(0, 2));
    job.finish = random_finish(numbers, table.data());
    job.exact = job.operation != isa::EltwiseOp::Mul &&
                job.finish.rounding != isa::Rounding::TflDouble && numbers.between(0, 1) == 0;
    job.a_zero = numbers.byte();
    job.b_zero = numbers.byte();
    job.a_m0 = random_m0(numbers);
    job.b_m0 = random_m0(numbers);
    job.m0 = random_m0(numbers);
    job.a_shift = static_cast<int>(numbers.between(0, 31));
    job.b_shift = static_cast<int>(numbers.between(0, 31));
    job.shift = static_cast<int>(numbers.between(0, 63));
    const auto a = numbers.bytes(static_cast<size_t>(job.count)),
               b = numbers.bytes(static_cast<size_t>(job.count));
    job.a = a.data();
    job.b = b.data();
    std::vector<int8_t> expected(static_cast<size_t>(job.count)), got = expected;
    job.result = expected.data();
    eltwise_scalar(job);
    job.result = got.data();
    eltwise_avx512(job);
    ASSERT_EQ(got, expected) << "case " << n << ", rounding "
                             << static_cast<int>(job.finish.rounding) << ", operation "
                             << static_cast<int>(job.operation) << ", exact " << job.exact;
  }
}

}  // namespace
}  // namespace zahl::sim::kernels
