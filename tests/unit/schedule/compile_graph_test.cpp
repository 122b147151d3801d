// The compiler's back half against the naive evaluator: random graphs, compiled and run on the
// naive machine.
#include "compiler/driver/compile_graph.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compiler/plan/memory_plan.h"
#include "engines/graph_evaluator/graph_evaluator.h"
#include "engines/reference/program_interpreter.h"
#include "isa/config.h"
#include "isa/encoding.h"
#include "isa/error.h"
#include "tests/support/random_graph.h"

namespace zahl {
namespace {

// A machine so small that layers stream through the workspace in stripes.
hw::Config cramped(const std::string& preset) {
  hw::Config config = hw::load_config(preset);
  MemoryConfig memory;
  hw::apply_settings(
      {"scratchpad_bank_bytes=2048", "accumulator_bank_vectors=16", "line_buffer_pixels=16"},
      config, memory);
  return config;
}

std::vector<int8_t> random_bytes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int8_t> bytes(count);
  for (auto& b : bytes) b = static_cast<int8_t>(random());
  return bytes;
}

// Runs the graph both ways. Returns whether the machine could hold it.
bool check_graph(uint64_t seed, const ir::Graph& graph, const hw::Config& config) {
  SCOPED_TRACE(fmt::format("{} graph of seed {} on {}", graph.name, seed, config.name));
  EXPECT_EQ(ir::verify(graph), "");
  Program program;
  try {
    program = compiler::compile_graph(graph, config);
  } catch (const UserError&) {
    return false;
  }
  const auto input = random_bytes(program.inputs[0].bytes, seed);
  DeviceProgram device = device_program(program);
  std::copy(input.begin(), input.end(),
            device.memory.begin() + static_cast<std::ptrdiff_t>(program.inputs[0].address));
  const RunResult run = reference::interpret(config, device);
  EXPECT_EQ(run.error, isa::Error::None);
  const auto expected = reference::evaluate(graph, {input})[0];
  const auto* result =
      reinterpret_cast<const int8_t*>(run.memory.data() + program.outputs[0].address);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), result)) << "outputs differ";
  return true;
}

void check_range(uint64_t first, const hw::Config& config, int least) {
  int held = 0;
  for (uint64_t seed = first; seed < first + 250; ++seed) {
    held += check_graph(seed, test::random_graph(seed), config) ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(held, least) << "too many graphs were refused";
}

TEST(CompileGraph, ComputesWhatTheGraphSaysOnEdge16) {
  check_range(0, hw::load_config("edge16"), 250);
}
TEST(CompileGraph, ComputesWhatTheGraphSaysOnTiny8) {
  check_range(1000, hw::load_config("tiny8"), 250);
}
TEST(CompileGraph, ComputesWhatTheGraphSaysOnWide32) {
  check_range(2000, hw::load_config("wide32"), 250);
}
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnEdge16) {
  check_range(3000, cramped("edge16"), 200);
}
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnTiny8) {
  check_range(4000, cramped("tiny8"), 200);
}

// Checks graphs from `first` on whose memory plan has what is asked for, until `wanted` of them
// ran.
template <class Has>
void check_plans(uint64_t first, const hw::Config& config, int wanted, ir::Graph (*make)(uint64_t),
                 Has&& has) {
  int held = 0;
  for (uint64_t seed = first; seed < first + 20000 && held < wanted; ++seed) {
    const ir::Graph graph = make(seed);
    if (!has(plan::plan_memory(graph, config))) continue;
    held += check_graph(seed, graph, config) ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(held, wanted);
}

bool has_transient_follower(const plan::MemoryPlan& plan) {
  const auto& f = plan.fusions;
  return std::find(f.is_follower.begin(), f.is_follower.end(), true) != f.is_follower.end() &&
         std::find(f.is_transient.begin(), f.is_transient.end(), true) != f.is_transient.end();
}

// Machines on which tensors are large, so that results live as stripes.
TEST(CompileGraph, ComputesWhatTheGraphSaysWhereAdditionsFollowStripes) {
  hw::Config config = cramped("tiny8");
  config.scratchpad_bank_bytes = 1024;
  check_plans(5000, config, 40, test::random_graph, has_transient_follower);
}

TEST(CompileGraph, ComputesWhatTheGraphSaysWhereLayersPassRowsToOneAnother) {
  for (const char* preset : {"edge16", "wide32"}) {
    hw::Config config = hw::load_config(preset);
    config.scratchpad_bank_bytes = 2048;
    config.accumulator_bank_vectors = 32;
    check_plans(30000, config, 100, test::random_row_graph,
                [](const plan::MemoryPlan& plan) { return !plan.fusions.chains.empty(); });
  }
}

}  // namespace
}  // namespace zahl
