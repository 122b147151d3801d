// The compiler's back half against the naive evaluator: random graphs, compiled and run on the naive machine.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "compiler/driver/compile.h"
#include "compiler/schedule/fusion.h"
#include "tests/reference/graph_evaluator.h"
#include "tests/reference/program_interpreter.h"
#include "tests/support/random_graph.h"
#include "zahl/config.h"
#include "zahl/encoding.h"
#include "zahl/error.h"

namespace zahl {
namespace {

// A machine so small that layers stream through the workspace in stripes.
hw::Config cramped(const std::string& preset) {
  hw::Config config = hw::load_config(preset);
  MemoryConfig memory;
  hw::apply_settings({"scratchpad_bank_bytes=2048", "accumulator_bank_vectors=16", "line_buffer_pixels=16"}, config,
                     memory);
  return config;
}

std::vector<int8_t> random_bytes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int8_t> bytes(count);
  for (auto& b : bytes) b = static_cast<int8_t>(random());
  return bytes;
}

// Runs the graph both ways. Returns whether the machine could hold it.
bool check_graph(uint64_t seed, const hw::Config& config) {
  SCOPED_TRACE(fmt::format("seed {} on {}", seed, config.name));
  const ir::Graph graph = test::random_graph(seed);
  EXPECT_EQ(ir::verify(graph), "");
  Program program;
  try {
    program = compiler::compile_graph(graph, config);
  } catch (const UserError&) {
    return false;
  }
  const auto input = random_bytes(program.inputs[0].bytes, seed);
  DeviceProgram device = device_program(program);
  std::copy(input.begin(), input.end(), device.memory.begin() + static_cast<std::ptrdiff_t>(program.inputs[0].address));
  const RunResult run = reference::interpret(config, device);
  EXPECT_EQ(run.error, isa::Error::None);
  const auto expected = reference::evaluate(graph, {input})[0];
  const auto* result = reinterpret_cast<const int8_t*>(run.memory.data() + program.outputs[0].address);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), result)) << "outputs differ";
  return true;
}

void check_range(uint64_t first, const hw::Config& config, int least) {
  int held = 0;
  for (uint64_t seed = first; seed < first + 250; ++seed) {
    held += check_graph(seed, config) ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(held, least) << "too many graphs were refused";
}

TEST(CompileGraph, ComputesWhatTheGraphSaysOnEdge16) { check_range(0, hw::load_config("edge16"), 250); }
TEST(CompileGraph, ComputesWhatTheGraphSaysOnTiny8) { check_range(1000, hw::load_config("tiny8"), 250); }
TEST(CompileGraph, ComputesWhatTheGraphSaysOnWide32) { check_range(2000, hw::load_config("wide32"), 250); }
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnEdge16) { check_range(3000, cramped("edge16"), 200); }
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnTiny8) { check_range(4000, cramped("tiny8"), 200); }

// An addition that follows its convolution stripe by stripe happens only where tensors are large for the machine.
TEST(CompileGraph, ComputesWhatTheGraphSaysWhereAdditionsFollowStripes) {
  hw::Config config = cramped("tiny8");
  config.scratchpad_bank_bytes = 1024;
  int followed = 0;
  for (uint64_t seed = 5000; seed < 15000 && followed < 60; ++seed) {
    const ir::Graph graph = test::random_graph(seed);
    const auto fusions = schedule::find_fusions(graph, 11 * config.scratchpad_bank_bytes / 4);
    if (std::find(fusions.is_follower.begin(), fusions.is_follower.end(), true) == fusions.is_follower.end()) continue;
    followed += check_graph(seed, config) ? 1 : 0;
    if (HasFailure()) return;
  }
  EXPECT_GE(followed, 20);
}

}  // namespace
}  // namespace zahl
