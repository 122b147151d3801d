#include "analysis/energy.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>
#include <filesystem>

#include "analysis/bounds.h"
#include "contract/tables.h"
#include "contract/timing.h"
#include "isa/error.h"

namespace zahl::analysis {
namespace {

#include "energy.inc"

struct Key {
  std::string_view name;
  double EnergyTable::*member;
};
constexpr std::array<Key, 4> kKeys = {{{"multiply_accumulate", &EnergyTable::multiply_accumulate},
                                       {"scratchpad_byte", &EnergyTable::scratchpad_byte},
                                       {"accumulator_byte", &EnergyTable::accumulator_byte},
                                       {"dram_byte", &EnergyTable::dram_byte}}};
constexpr int64_t kAccumulatorBytes = 4;

toml::table parse(const std::string& path) {
  if (path.empty()) return toml::parse(kEnergyToml);
  if (!std::filesystem::is_regular_file(path))
    throw UserError(fmt::format("{}: no such file of energies", path));
  try {
    return toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    throw UserError(
        fmt::format("{}: line {}: {}", path, error.source().begin.line, error.description()));
  }
}

class Counter {
 public:
  explicit Counter(const hw::Config& config) : config_(config) {}

  void operator()(const isa::Load& x) { events.scratchpad_bytes += int64_t{x.rows} * x.row_bytes; }
  void operator()(const isa::Store& x) { events.scratchpad_bytes += int64_t{x.rows} * x.row_bytes; }
  void operator()(const isa::Conv& x) {
    const timing::TileSequence s = timing::tile_sequence(x, config_);
    stream(s, config_.rows, s.streaming_cycles());
  }
  void operator()(const isa::Depthwise& x) {
    const timing::TileSequence s = timing::tile_sequence(x, config_);
    stream(s, config_.columns * (s.has_second ? 2 : 1),
           int64_t{x.blocks} * x.passes * x.out_rows * x.out_columns);
  }
  void operator()(const isa::Drain& x) {
    const int64_t vectors = int64_t{x.blocks} * x.out_rows * x.out_columns;
    events.accumulator_bytes += vectors * config_.columns * kAccumulatorBytes;
    events.scratchpad_bytes += vectors * config_.columns;
    const int64_t words = x.uniform != 0 ? 4 : 9;  // bias; multiplier and shift
    events.scratchpad_bytes += int64_t{x.blocks} * config_.columns * words;
  }
  void operator()(const isa::Eltwise& x) {
    events.scratchpad_bytes += 3 * int64_t{x.rows} * x.row_bytes;
  }
  void operator()(const isa::SetTable&) { events.scratchpad_bytes += kTableBytes; }
  void operator()(const isa::Softmax& x) {
    // Three passes read each element, two of them an exponential too, and the last one writes.
    events.scratchpad_bytes += int64_t{x.rows} * x.row_bytes * (3 + 2 * 4 + 1);
  }

  Events events;

 private:
  // Each vector reads `bytes`; each of `sums` vectors of accumulators is read and written.
  void stream(const timing::TileSequence& s, int64_t bytes, int64_t sums) {
    events.multiply_accumulates += s.streaming_cycles() * config_.multipliers();
    events.scratchpad_bytes += s.streaming_cycles() * bytes + s.tiles * config_.weight_tile_bytes();
    events.accumulator_bytes += 2 * sums * config_.columns * kAccumulatorBytes;
  }

  const hw::Config& config_;
};

}  // namespace

EnergyTable load_energy_table(const std::string& path) {
  const toml::table parsed = parse(path);
  EnergyTable table;
  for (const Key& key : kKeys) {
    const auto value = parsed[key.name].value<double>();
    if (!value || !(*value >= 0 && *value <= 1e9))
      throw UserError(fmt::format("{}: needs {}, picojoules from 0 to 1e9", path, key.name));
    table.*key.member = *value;
  }
  for (const auto& [name, node] : parsed) {
    if (std::none_of(kKeys.begin(), kKeys.end(),
                     [&](const Key& key) { return key.name == name.str(); }))
      throw UserError(fmt::format("{}: unknown key {}", path, name.str()));
  }
  return table;
}

Events events_of(const Program& program) {
  Counter counter(program.config);
  for (const isa::Instruction& instruction : program.instructions) {
    std::visit(counter, instruction);
    counter.events.dram_bytes += bus_bytes_of(instruction, program.config);
  }
  return counter.events;
}

Energy energy_of(const Events& e, const EnergyTable& table) {
  return {static_cast<double>(e.multiply_accumulates) * table.multiply_accumulate,
          static_cast<double>(e.scratchpad_bytes) * table.scratchpad_byte,
          static_cast<double>(e.accumulator_bytes) * table.accumulator_byte,
          static_cast<double>(e.dram_bytes) * table.dram_byte};
}

}  // namespace zahl::analysis
