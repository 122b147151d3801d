#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compiler/arithmetic/accumulator_bound.h"
#include "compiler/arithmetic/fixed_point.h"
#include "compiler/arithmetic/multiplier.h"
#include "compiler/arithmetic/requantize.h"
#include "compiler/arithmetic/tflite_table.h"
#include "compiler/integerize/integerize.h"

namespace zahl::arithmetic {
namespace {

TEST(FixedPoint, DoublingHighMultiplyRoundsTiesUp) {
  EXPECT_EQ(arithmetic::doubling_high_multiply(-3, 1 << 30), -1);
  EXPECT_EQ(arithmetic::doubling_high_multiply(3, 1 << 30), 2);
  EXPECT_EQ(arithmetic::doubling_high_multiply(INT32_MIN, INT32_MIN), INT32_MAX);
}

TEST(FixedPoint, RoundingDivideRoundsTiesAway) {
  EXPECT_EQ(arithmetic::rounding_divide_by_power(-3, 1), -2);
  EXPECT_EQ(arithmetic::rounding_divide_by_power(3, 1), 2);
  EXPECT_EQ(arithmetic::rounding_divide_by_power(-5, 2), -1);
  EXPECT_EQ(arithmetic::rounding_divide_by_power(7, 0), 7);
}

TEST(FixedPoint, ExponentialIsCloseToTheRealOne) {
  for (int i = 0; i <= 1000; ++i) {
    const double x = -i * 0.0319;
    const double y =
        arithmetic::exp_on_negative_values(static_cast<int32_t>(std::lround(x * (1 << 26))), 5) /
        2147483648.0;
    EXPECT_NEAR(y, std::exp(x), 1e-6) << x;
  }
}

TEST(FixedPoint, LogisticAndTanhAreCloseToTheRealOnes) {
  for (int i = -1000; i <= 1000; ++i) {
    const double x = i * 0.0159;
    const auto q4 = static_cast<int32_t>(std::lround(x * (1 << 27)));
    EXPECT_NEAR(arithmetic::logistic_q4(q4) / 2147483648.0, 1 / (1 + std::exp(-x)), 1e-6) << x;
    EXPECT_NEAR(arithmetic::tanh_q4(q4) / 2147483648.0, std::tanh(x), 1e-6) << x;
  }
}

TEST(Multiplier, QuantizeMultiplierKeeps31Bits) {
  EXPECT_EQ(arithmetic::quantize_multiplier(0.5).significand, 1 << 30);
  EXPECT_EQ(arithmetic::quantize_multiplier(0.5).exponent, 0);
  EXPECT_EQ(arithmetic::quantize_multiplier(1.0).exponent, 1);
  EXPECT_EQ(arithmetic::quantize_multiplier(0.0).significand, 0);
}

TEST(Multiplier, QuantizeMultiplierCarriesIntoTheExponent) {
  const arithmetic::TflMultiplier m = arithmetic::quantize_multiplier(1.0 - std::ldexp(1.0, -40));
  EXPECT_EQ(m.significand, 1 << 30);
  EXPECT_EQ(m.exponent, 1);
}

TEST(Multiplier, QuantizeMultiplierFlushesBelowTwoToTheMinus32) {
  EXPECT_EQ(arithmetic::quantize_multiplier(std::ldexp(0.75, -31)).exponent, -31);
  EXPECT_EQ(arithmetic::quantize_multiplier(std::ldexp(0.75, -32)).significand, 0);
  EXPECT_EQ(arithmetic::machine_form(arithmetic::quantize_multiplier(std::ldexp(0.75, -32))).shift,
            31);
}

TEST(Multiplier, MachineFormGivesWhatTfliteGives) {
  std::mt19937 random(3);
  for (int i = 0; i < 100000; ++i) {
    const double real = std::exp(std::uniform_real_distribution<double>(-14, 2)(random));
    const arithmetic::TflMultiplier m = arithmetic::quantize_multiplier(real);
    const auto acc = static_cast<int32_t>(random() >> 8) - (1 << 23);
    const ir::Multiplier machine = arithmetic::machine_form(m);
    EXPECT_EQ(arithmetic::scaled(acc, machine.m0, machine.shift, isa::Rounding::TflDouble),
              arithmetic::multiply(acc, m));
    EXPECT_NEAR(arithmetic::multiply(acc, m), acc * real, 1.01);
  }
}

TEST(Multiplier, NearestKeeps31BitsOrTheLargestShift) {
  EXPECT_EQ(arithmetic::nearest_multiplier(1.0), (ir::Multiplier{1u << 30, 30}));
  EXPECT_EQ(arithmetic::nearest_multiplier(std::ldexp(1.0, -63)), (ir::Multiplier{1, 63}));
  EXPECT_EQ(arithmetic::nearest_multiplier(std::ldexp(1.0, -70))->m0, 0u);
  EXPECT_EQ(arithmetic::nearest_multiplier(std::ldexp(1.0, 32)), std::nullopt);
  EXPECT_EQ(arithmetic::nearest_multiplier(-1.0), std::nullopt);
  EXPECT_EQ(arithmetic::nearest_multiplier(std::nan("")), std::nullopt);
}

TEST(Multiplier, PairsShareTheShift) {
  const auto pair = arithmetic::nearest_multipliers(1.0, 0.25);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->a, 1u << 30);
  EXPECT_EQ(pair->b, 1u << 28);
  EXPECT_EQ(pair->shift, 30);
}

TEST(Requantize, TiesFollowTheMode) {
  EXPECT_EQ(arithmetic::scaled(-3, 1, 1, isa::Rounding::HalfEven), -2);
  EXPECT_EQ(arithmetic::scaled(-3, 1, 1, isa::Rounding::HalfUp), -1);
  EXPECT_EQ(arithmetic::scaled(-3, 1, 1, isa::Rounding::HalfAway), -2);
  EXPECT_EQ(arithmetic::scaled(5, 1, 1, isa::Rounding::HalfEven), 2);
  EXPECT_EQ(arithmetic::scaled(5, 1, 1, isa::Rounding::HalfUp), 3);
}

TEST(AverageMultiplier, GivesTfliteAveragesForEverySumAndCount) {
  ir::AveragePool pool{.input = ir::TensorId(0), .output = ir::TensorId(1)};
  for (int count = 1; count <= 300; ++count) {
    const ir::Multiplier m = ir::average_multiplier(pool, count);
    for (int sum = -128 * count; sum <= 127 * count; ++sum) {
      const int expected = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
      ASSERT_EQ(arithmetic::scaled(sum, m.m0, m.shift, isa::Rounding::HalfAway), expected)
          << sum << " / " << count;
    }
  }
}

TEST(AccumulatorBound, IsReachedByTheWorstInput) {
  const std::vector<int8_t> weights = {127, -127, 1};
  EXPECT_EQ(arithmetic::result_bound(weights, 0, 0),
            127 * 128 + 127 * 127 + 128);  // x = -128, 127, -128
  EXPECT_EQ(arithmetic::accumulator_bound(weights, 0), 255 * 128);
  EXPECT_EQ(arithmetic::accumulator_bound(weights, 127), (254 + 126) * 128);
}

TEST(TfliteTable, LogisticAndTanhAreWithinOneOfTheRealOnes) {
  const arithmetic::UnaryScales s{0.05f, 1.0f / 256, 3, -128};
  const arithmetic::Table logistic = arithmetic::tfl_logistic(s), tanh = arithmetic::tfl_tanh(s);
  for (int q = -128; q < 128; ++q) {
    const double x = static_cast<double>(0.05f) * (q - 3);
    EXPECT_NEAR(logistic[static_cast<size_t>(q + 128)],
                std::min(256 / (1 + std::exp(-x)) - 128, 127.0), 1);
    EXPECT_NEAR(tanh[static_cast<size_t>(q + 128)], std::min(128 * std::tanh(x), 127.0), 1);
  }
}

TEST(TfliteTable, RescaleToTheSameScaleIsTheIdentity) {
  const arithmetic::Table table = arithmetic::tfl_rescale({0.1f, 0.1f, 7, 7});
  for (int q = -128; q < 128; ++q) EXPECT_EQ(table[static_cast<size_t>(q + 128)], q);
}

TEST(TfliteTable, HardSwishNeedsAnOutputScaleOfAtLeastAnInputScaleOver128) {
  EXPECT_TRUE(arithmetic::tfl_hard_swish({0.1f, 0.1f, 0, 0}));
  EXPECT_FALSE(arithmetic::tfl_hard_swish({1.0f, 0.0001f, 0, 0}));
}

// A softmax from one scale to another, as integerize makes it.
ir::Softmax softmax_of(frontend::Arithmetic arithmetic, float input_scale, float output_scale) {
  frontend::Network network;
  network.arithmetic = arithmetic;
  frontend::Value value;
  value.name = "x";
  value.dims = {1, 8};
  value.order = {0, 1};
  value.scale = input_scale;
  frontend::Value result = value;
  result.scale = output_scale;
  result.zero_point = -128;
  const frontend::SoftmaxLayer layer{.input = network.add(value), .output = network.add(result)};
  const frontend::NodeName node{"softmax", "Softmax"};
  int64_t macs = 0;
  return std::get<ir::Softmax>(integerize::integerize_layer({network, node, macs}, layer));
}

TEST(SoftmaxTable, StartsAtOneAndEndsAtZero) {
  const ir::Softmax softmax = softmax_of(frontend::Arithmetic::Tflite, 0.5f, 1.0f / 256);
  EXPECT_EQ(softmax.exponentials[0], 0x7FFFFFFFu);
  EXPECT_NEAR(softmax.exponentials[2] / 2147483648.0, std::exp(-1.0), 1e-6);
  EXPECT_EQ(softmax.exponentials[255], 0u);
  EXPECT_THROW(softmax_of(frontend::Arithmetic::Tflite, 1e-9f, 1.0f / 256), frontend::Refusal);
}

TEST(SoftmaxTable, OutputScaleOfOneIn256IsAPureShift) {
  const ir::Softmax softmax = softmax_of(frontend::Arithmetic::Onnx, 0.1f, 1.0f / 256);
  EXPECT_EQ(softmax.m0, 1u);
  EXPECT_EQ(softmax.shift, 23);
}

}  // namespace
}  // namespace zahl::arithmetic
