// The witness of a run: silent over programs of all kinds, and told of a float that is planted in a
// kernel of this binary.
#include "sim/base/witness.h"

#include <gtest/gtest.h>

#include "isa/config.h"
#include "sim/post/requantizer.h"
#include "sim/top/model.h"
#include "tests/support/random_program.h"

namespace {

enum class Planted { None, Inexact, Invalid, Denormal, X87, Exact };
Planted planted = Planted::None;

volatile double one = 1, three = 3, zero = 0, least = 5e-324;
volatile long double x87_three = 3;
volatile double sink;
volatile long double x87_sink;

}  // namespace

extern "C" [[gnu::noinline]] void float_in_a_kernel() {
  switch (planted) {
    case Planted::None:
      return;
    case Planted::Inexact:
      sink = one / three;
      return;
    case Planted::Invalid:
      sink = zero / zero;
      return;
    case Planted::Denormal:
      sink = least + zero;
      return;
    case Planted::X87:
      x87_sink = 1 / x87_three;
      return;
    case Planted::Exact:
      sink = one + three;
      return;
  }
}

// The linker sends every call of kernels::drain here (--wrap), in this binary alone.
extern "C" {
void __real__ZN4zahl3sim7kernels5drainERKNS1_8DrainJobE(const zahl::sim::kernels::DrainJob& job);
void __wrap__ZN4zahl3sim7kernels5drainERKNS1_8DrainJobE(const zahl::sim::kernels::DrainJob& job) {
  float_in_a_kernel();
  __real__ZN4zahl3sim7kernels5drainERKNS1_8DrainJobE(job);
}
}

namespace zahl::sim {
namespace {

RunResult run(uint64_t seed, bool witness) {
  const auto program = test::random_program(hw::load_config("tiny8"), seed);
  RunOptions options;
  options.witness = witness;
  return run_model(program.config, test::rotating_memory(seed), program.device_program(), options);
}

bool drains(uint64_t seed) {
  for (const isa::Word& word : test::random_program(hw::load_config("tiny8"), seed).words) {
    const auto instruction = isa::decode(word);
    if (instruction && std::holds_alternative<isa::Drain>(*instruction)) return true;
  }
  return false;
}

uint64_t seed_that_drains() {
  uint64_t seed = 1;
  while (!drains(seed)) ++seed;
  return seed;
}

TEST(Witness, IsSilentOverRandomProgramsAndChangesNothing) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RunResult with = run(seed, true), without = run(seed, false);
    EXPECT_EQ(with.witness_sections, static_cast<int64_t>(with.instructions.size()))
        << "seed " << seed;
    EXPECT_EQ(with.memory, without.memory) << "seed " << seed;
    EXPECT_EQ(with.cycles, without.cycles) << "seed " << seed;
  }
}

void run_with(Planted what) {
  planted = what;
  run(seed_that_drains(), true);
}

constexpr const char* kPlace = R"(in instruction [0-9]+ \(post\), in .*float_in_a_kernel)";

TEST(WitnessDeathTest, NamesTheInstructionAndTheFunctionOfAnInexactResult) {
  EXPECT_EXIT(run_with(Planted::Inexact), testing::ExitedWithCode(1),
              std::string("an inexact floating-point result ") + kPlace);
}

TEST(WitnessDeathTest, SeesAnInvalidOperation) {
  EXPECT_EXIT(run_with(Planted::Invalid), testing::ExitedWithCode(1),
              "an invalid floating-point operation in instr");
}

TEST(WitnessDeathTest, SeesADenormalOperand) {
  EXPECT_EXIT(run_with(Planted::Denormal), testing::ExitedWithCode(1),
              "witness: .* in instruction");
}

TEST(WitnessDeathTest, SeesX87) {
  EXPECT_EXIT(run_with(Planted::X87), testing::ExitedWithCode(1),
              "an inexact floating-point result in instruction");
}

TEST(Witness, DoesNotSeeAnExactOperation) { run_with(Planted::Exact); }  // level 4 does

TEST(Witness, LeavesTheProcessAsItWas) {
  run(1, true);
  sink = one / three;
  SUCCEED();
}

TEST(Witness, NoticesThatExceptionsWereMasked) {
  Witness witness;
  __builtin_ia32_ldmxcsr(0x1f80);
  EXPECT_THROW(static_cast<void>(witness.finish()), std::runtime_error);
}

}  // namespace
}  // namespace zahl::sim
