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
#include "tests/support/random_machine.h"

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

// Runs the graph both ways. No graph is too large for a machine.
void check_graph(uint64_t seed, const ir::Graph& graph, const hw::Config& config) {
  SCOPED_TRACE(fmt::format("{} graph of seed {} on {}", graph.name, seed, config.name));
  EXPECT_EQ(ir::verify(graph), "");
  const Program program = compiler::compile_graph(graph, config);
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
}

void check_range(uint64_t first, const hw::Config& config, int count = 250,
                 ir::Graph (*make)(uint64_t) = test::random_graph) {
  for (uint64_t seed = first; seed < first + static_cast<uint64_t>(count); ++seed) {
    check_graph(seed, make(seed), config);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(CompileGraph, ComputesWhatTheGraphSaysOnEdge16) { check_range(0, hw::load_config("edge16")); }
TEST(CompileGraph, ComputesWhatTheGraphSaysOnTiny8) { check_range(1000, hw::load_config("tiny8")); }
TEST(CompileGraph, ComputesWhatTheGraphSaysOnWide32) {
  check_range(2000, hw::load_config("wide32"));
}
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnEdge16) {
  check_range(3000, cramped("edge16"));
}
TEST(CompileGraph, ComputesWhatTheGraphSaysInStripesOnTiny8) {
  check_range(4000, cramped("tiny8"));
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
    check_graph(seed, graph, config);
    ++held;
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

// Rows longer than the accumulators or the line memory take at once: a window then does not go on
// below the tile above it.
TEST(CompileGraph, ComputesWhatTheGraphSaysWhereRowsAreCut) {
  for (uint64_t machine = 100; machine < 130; ++machine) {
    check_range(50000 + 10 * machine, test::random_machine(machine), 8,
                test::random_long_row_graph);
    if (testing::Test::HasFailure()) return;
  }
}

// Sizes where whole rows, weights or parameters do not fit, so that layers are lowered in pieces.
TEST(CompileGraph, HasAScheduleForEveryGraphOnTheSmallestMachine) {
  check_range(6000, test::smallest_machine(), 150);
  check_range(7000, test::smallest_machine(), 60, test::random_wide_graph);
}

TEST(CompileGraph, HasAScheduleForEveryGraphOnRandomMachines) {
  for (uint64_t machine = 0; machine < 40; ++machine) {
    const hw::Config config = test::random_machine(machine);
    check_range(8000 + 10 * machine, config, 4, test::random_wide_graph);
    check_range(9000 + 10 * machine, config, 4, test::random_row_graph);
    check_range(10000 + 10 * machine, config, 4);
    if (testing::Test::HasFailure()) return;
  }
}

// A tile of 64 x 64 weights needs 4096 bytes beside parameters and activations.
TEST(CompileGraph, SaysWhatSufficesWhereNotOneWeightTileFits) {
  hw::Config config = test::smallest_machine();
  config.rows = config.columns = config.line_bytes = 64;
  const ir::Graph graph = test::random_row_graph(3);
  try {
    compiler::compile_graph(graph, config);
    FAIL() << "it is refused";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("scratchpad_bank_bytes = 2048 would do"),
              std::string::npos)
        << error.what();
  }
  config.scratchpad_bank_bytes = 2048;
  check_graph(3, graph, config);
}

}  // namespace
}  // namespace zahl
