// Operations a second of each kernel, in each variant that this host can run: multiply-accumulates
// for conv and depthwise, results for drain and eltwise. Shapes are those that the compiler makes
// of common layers.
#include <benchmark/benchmark.h>

#include <random>

#include "sim/array/column_conv.h"
#include "sim/array/column_depthwise.h"
#include "sim/base/kernel_set.h"
#include "sim/post/eltwise_lane.h"
#include "sim/post/requantizer.h"

namespace zahl::sim::kernels {
namespace {

template <class T>
std::vector<T> random_values(size_t count) {
  std::mt19937 random(1);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random());
  return values;
}

void count(benchmark::State& state, double operations) {
  state.counters["G/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate,
                         benchmark::Counter::kIs1000);
}

// vectors, kernel rows, bytes of a kernel row
void conv_speed(benchmark::State& state, KernelSet set) {
  use_kernel_set(set);
  ConvJob job;
  job.columns = 16;
  job.blocks = 1;
  job.vectors = static_cast<int>(state.range(0));
  job.kernel_rows = static_cast<int>(state.range(1));
  job.kernel_columns = 1;
  job.groups = static_cast<int>(state.range(2)) / 4;
  const int64_t row = state.range(2);
  const auto input =
      random_values<int8_t>(static_cast<size_t>((job.vectors + job.kernel_rows) * row + 64));
  std::vector<const int8_t*> inputs;
  for (int kr = 0; kr < job.kernel_rows; ++kr)
    for (int v = 0; v < job.vectors; ++v) inputs.push_back(input.data() + (v + kr) * row);
  job.inputs = inputs.data();
  const auto weights =
      random_values<int8_t>(static_cast<size_t>(job.groups_of_block() * job.columns * 4));
  job.weights = weights.data();
  std::vector<int32_t> accumulators(static_cast<size_t>(job.vectors * job.columns)), sums;
  job.accumulators = accumulators.data();
  for (auto _ : state) {
    conv(job, sums);
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(job.vectors) *
                   static_cast<double>(job.groups_of_block() * 4 * job.columns));
}

// output pixels in a row, step
void depthwise_speed(benchmark::State& state, KernelSet set) {
  use_kernel_set(set);
  DepthwiseJob job;
  job.x_step = job.y_step = static_cast<int>(state.range(1));
  job.out_rows = 4;
  job.out_columns = static_cast<int>(state.range(0));
  job.plane_columns = (job.out_columns - 1) * job.x_step + 3;
  const int rows = (job.out_rows - 1) * job.y_step + 3;
  const auto plane =
      random_values<uint8_t>(static_cast<size_t>(rows * job.plane_columns * 16 + 64));
  job.plane = plane.data();
  std::vector<Tap> taps;
  for (int tap = 0; tap < 9; ++tap) taps.push_back({tap / 3, tap % 3, {1, -2, 3}});
  job.taps = taps.data();
  job.tap_count = 9;
  std::vector<int32_t> accumulators(static_cast<size_t>(job.out_rows * job.out_columns * 16));
  std::vector<uint8_t> room;
  job.accumulators = accumulators.data();
  job.step = 16;
  for (auto _ : state) {
    depthwise(job, room);
    benchmark::ClobberMemory();
  }
  count(state, 9.0 * 16 * job.out_rows * job.out_columns);
}

// vectors, rounding, whether results go through a table
void drain_speed(benchmark::State& state, KernelSet set) {
  use_kernel_set(set);
  DrainJob job;
  job.vector_elements = job.channels = 16;
  job.rows = 1;
  job.columns = static_cast<int>(state.range(0));
  job.pixel_step = 16;
  job.m0.fill(0x5a5a5a5a);
  job.shift.fill(40);
  job.finish.rounding = static_cast<isa::Rounding>(state.range(1));
  const auto table = random_values<int8_t>(256);
  if (state.range(2) != 0) job.finish.table = table.data();
  const auto accumulators = random_values<int32_t>(static_cast<size_t>(job.columns * 16));
  job.accumulators = accumulators.data();
  std::vector<int8_t> result(accumulators.size());
  job.result = result.data();
  for (auto _ : state) {
    drain(job);
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(result.size()));
}

// bytes, operation
void eltwise_speed(benchmark::State& state, KernelSet set) {
  use_kernel_set(set);
  EltwiseJob job;
  job.count = state.range(0);
  job.operation = static_cast<isa::EltwiseOp>(state.range(1));
  job.exact = job.operation != isa::EltwiseOp::Mul;
  job.finish.rounding = isa::Rounding::HalfEven;
  job.a_m0 = job.b_m0 = job.m0 = 0x5a5a5a5a;
  job.shift = 31;
  const auto a = random_values<int8_t>(static_cast<size_t>(job.count)), b = a;
  job.a = a.data();
  job.b = b.data();
  std::vector<int8_t> result(a.size());
  job.result = result.data();
  for (auto _ : state) {
    eltwise(job);
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(job.count));
}

void add(const char* name, void (*speed)(benchmark::State&, KernelSet),
         const std::vector<std::vector<int64_t>>& cases) {
  for (const KernelSet set : available_kernel_sets()) {
    const std::string full = std::string(name) + "/" + std::string(name_of(set));
    auto* family = benchmark::RegisterBenchmark(
        full.c_str(), [=](benchmark::State& state) { speed(state, set); });
    for (const auto& arguments : cases) family->Args(arguments);
  }
}

}  // namespace
}  // namespace zahl::sim::kernels

int main(int argc, char** argv) {
  using namespace zahl::sim::kernels;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  add("conv", conv_speed, {{196, 1, 256}, {196, 3, 192}, {49, 3, 1536}, {112, 7, 24}});
  add("depthwise", depthwise_speed, {{28, 1}, {28, 2}});
  add("drain", drain_speed, {{196, 2, 0}, {196, 3, 0}, {196, 2, 1}});
  add("eltwise", eltwise_speed, {{256, 0}, {256, 2}});
  benchmark::RunSpecifiedBenchmarks();
}
