#include "analysis/bounds.h"

#include <algorithm>

#include "contract/timing.h"
#include "isa/encoding.h"
#include "isa/round.h"

namespace zahl::analysis {
namespace {

int64_t rate_of(const hw::Config& config, const MemoryConfig& memory) {
  return std::min(memory.bytes_per_cycle, config.bus_bytes);
}

class Adder {
 public:
  Adder(const hw::Config& config, Bounds& bounds) : config_(config), bounds_(bounds) {}

  void operator()(const isa::Load& x) { bounds_.read_bytes += int64_t{x.rows} * x.row_bytes; }
  void operator()(const isa::Store& x) { bounds_.write_bytes += int64_t{x.rows} * x.row_bytes; }
  void operator()(const isa::Conv& x) { stream(x); }
  void operator()(const isa::Depthwise& x) { stream(x); }
  void operator()(const isa::Drain& x) {
    const int64_t pixels = int64_t{x.out_rows} * x.out_columns;
    bounds_.columns_used += pixels * (int64_t{x.blocks - 1} * config_.columns + x.last_channels);
    bounds_.column_slots += pixels * x.blocks * config_.columns;
  }
  void operator()(const isa::Eltwise&) {}
  void operator()(const isa::SetTable&) {}
  void operator()(const isa::Softmax&) {}

 private:
  template <class Instruction>
  void stream(const Instruction& x) {
    const timing::TileSequence s = timing::tile_sequence(x, config_);
    bounds_.cycles[static_cast<size_t>(Limit::Array)] += s.streaming_cycles();
    bounds_.cycles[static_cast<size_t>(Limit::Weights)] += s.port_cycles();
  }

  const hw::Config& config_;
  Bounds& bounds_;
};

}  // namespace

namespace {

Limit greatest_of(const std::array<int64_t, kLimits>& cycles) {
  const auto greatest = std::max_element(cycles.begin(), cycles.end());
  return *greatest > 0 ? static_cast<Limit>(greatest - cycles.begin()) : Limit::None;
}

}  // namespace

Limit Bounds::limit() const { return greatest_of(cycles); }

Limit Bounds::next_limit() const {
  auto others = cycles;
  if (limit() != Limit::None) others[static_cast<size_t>(limit())] = 0;
  return greatest_of(others);
}

int64_t bus_bytes_of(const isa::Instruction& instruction, const hw::Config& config) {
  const int64_t bus = config.bus_bytes;
  if (const auto* load = std::get_if<isa::Load>(&instruction))
    return isa::kInstructionBytes + timing::transfer_beats(*load, config) * bus;
  if (const auto* store = std::get_if<isa::Store>(&instruction))
    return isa::kInstructionBytes + timing::transfer_beats(*store, config) * bus;
  return isa::kInstructionBytes;
}

double Bounds::column_fill() const {
  return column_slots > 0 ? static_cast<double>(columns_used) / static_cast<double>(column_slots)
                          : 1.0;
}

double Bounds::lane_fill(const hw::Config& config) const {
  const auto offered =
      static_cast<double>(cycles[static_cast<size_t>(Limit::Array)] * config.multipliers());
  return offered > 0 ? std::min(1.0, static_cast<double>(macs) / (offered * column_fill())) : 1.0;
}

Bounds& Bounds::operator+=(const Bounds& other) {
  macs += other.macs;
  for (size_t i = 0; i < cycles.size(); ++i) cycles[i] += other.cycles[i];
  read_bytes += other.read_bytes, write_bytes += other.write_bytes,
      fetch_bytes += other.fetch_bytes;
  bus_bytes += other.bus_bytes;
  columns_used += other.columns_used, column_slots += other.column_slots;
  return *this;
}

std::vector<Bounds> layer_bounds(const Program& program, const MemoryConfig& memory,
                                 const RunResult& run) {
  std::vector<Bounds> layers(program.layers.size());
  if (layers.empty()) return layers;
  for (size_t i = 0; i < layers.size(); ++i) layers[i].macs = program.layers[i].macs;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    Bounds& b = layers[static_cast<size_t>(std::max(program.layer_of_instruction[i], 0))];
    b.fetch_bytes += isa::kInstructionBytes;
    b.bus_bytes += bus_bytes_of(program.instructions[i], program.config);
    std::visit(Adder(program.config, b), program.instructions[i]);
  }
  for (const auto& trace : run.instructions) {
    if (trace.unit != isa::Unit::Post) continue;
    Bounds& b = layers[static_cast<size_t>(std::max(program.layer_of_instruction[trace.index], 0))];
    b.cycles[static_cast<size_t>(Limit::Post)] += trace.end - trace.start;
  }
  for (Bounds& b : layers) {
    b.cycles[static_cast<size_t>(Limit::Dram)] =
        ceil_div(b.bus_bytes, rate_of(program.config, memory));
  }
  return layers;
}

Bounds run_bounds(const std::vector<Bounds>& layers, const hw::Config& config,
                  const MemoryConfig& memory) {
  Bounds sum;
  for (const Bounds& b : layers) sum += b;
  sum.cycles[static_cast<size_t>(Limit::Dram)] = ceil_div(sum.bus_bytes, rate_of(config, memory));
  return sum;
}

Roofline roofline_of(const Bounds& b, const hw::Config& config, const MemoryConfig& memory) {
  Roofline r;
  const int64_t bytes = b.read_bytes + b.write_bytes, rate = rate_of(config, memory);
  r.ridge = static_cast<double>(config.multipliers()) / static_cast<double>(rate);
  // A layer without traffic stands at infinity, which JSON lacks: its own count of MACs is far
  // beyond any ridge.
  r.macs_per_byte = static_cast<double>(b.macs) / static_cast<double>(std::max<int64_t>(bytes, 1));
  r.cycles = std::max(ceil_div(b.macs, config.multipliers()), ceil_div(bytes, rate));
  return r;
}

}  // namespace zahl::analysis
