// How few cycles each unit could need for a layer's instructions, and which unit that makes the
// limit.
//
// Each figure is a lower bound by the formulas of docs/machine.md for the instructions as they are:
// whatever else happens, a unit cannot be done with them sooner. What a run takes beyond the
// greatest of them is dependence: units that wait for one another, pipelines that fill, latency.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "contract/program.h"
#include "contract/run.h"

namespace zahl::analysis {

enum class Limit : uint8_t { Array, Weights, Dram, Post, None };  // None: there is nothing to do
inline constexpr std::array<std::string_view, 5> kLimitNames = {"array", "weights", "dram", "post",
                                                                "none"};
inline constexpr size_t kLimits = 4;

struct Bounds {
  int64_t macs = 0;
  // Cycles, by Limit: streaming of the array (section 7); its weight port; beats of loads, stores
  // and fetch on the one channel (section 4); instructions of post from start to end (section 8).
  std::array<int64_t, kLimits> cycles{};
  int64_t read_bytes = 0, write_bytes = 0;  // payload between DRAM and scratchpad
  int64_t fetch_bytes = 0;                  // instructions
  int64_t bus_bytes = 0;                    // whole beats of all of these
  int64_t columns_used = 0,
          column_slots = 0;  // of the array's columns, by the pixels that post drains

  Limit limit() const;       // the greatest
  Limit next_limit() const;  // the second greatest
  int64_t greatest() const { return cycles_of(limit()); }
  int64_t next() const { return cycles_of(next_limit()); }
  int64_t cycles_of(Limit limit) const {
    return limit == Limit::None ? 0 : cycles[static_cast<size_t>(limit)];
  }
  // Share of the columns that made a channel that the network has; of the lanes that took a term of
  // its sums.
  double column_fill() const;
  double lane_fill(const hw::Config& config) const;

  Bounds& operator+=(const Bounds& other);
};

// One entry a layer.
std::vector<Bounds> layer_bounds(const Program& program, const MemoryConfig& memory,
                                 const RunResult& run);
// Of all the layers together.
Bounds run_bounds(const std::vector<Bounds>& layers, const hw::Config& config,
                  const MemoryConfig& memory);

// Bytes of the beats on the bus that an instruction costs: its own fetch, and what it loads or
// stores.
int64_t bus_bytes_of(const isa::Instruction& instruction, const hw::Config& config);

// Multiply-accumulates a byte of DRAM traffic: of a layer, and where the machine's roof bends.
struct Roofline {
  double macs_per_byte = 0, ridge = 0;
  int64_t cycles = 0;  // that the roof allows
  bool is_memory_side() const { return macs_per_byte < ridge; }
};
Roofline roofline_of(const Bounds& bounds, const hw::Config& config, const MemoryConfig& memory);

}  // namespace zahl::analysis
