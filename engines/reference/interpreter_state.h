// What instructions change, and the functions that change it: one for the units' values each. No
// checks here: REQUIRES that every access of the instruction lies inside the memories.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "contract/memory_image.h"
#include "generated/isa.h"
#include "isa/encoding.h"

namespace zahl::reference {

// A place of the line memory: the last two rows that passed it, for each channel, the newer one
// first.
struct LinePlace {
  int rows = 0;  // that hold something, 0 to 2
  std::vector<std::array<int8_t, 2>> channels;
};

struct State {
  State(const hw::Config& machine, MemoryImage image)
      : config(machine),
        dram(std::move(image)),
        scratchpad(static_cast<size_t>(machine.scratchpad_bytes())),
        accumulators(static_cast<size_t>(machine.accumulator_vectors()) *
                     static_cast<size_t>(machine.columns)),
        line_memory(static_cast<size_t>(machine.line_buffer_pixels),
                    {0, std::vector<std::array<int8_t, 2>>(static_cast<size_t>(machine.columns))}) {
  }

  int8_t byte(int64_t address) const {
    return static_cast<int8_t>(scratchpad[static_cast<size_t>(address)]);
  }
  void set_byte(int64_t address, int8_t value) {
    scratchpad[static_cast<size_t>(address)] = static_cast<uint8_t>(value);
  }
  int32_t word(int64_t address) const;
  int32_t& accumulator(int64_t vector, int64_t column) {
    return accumulators[static_cast<size_t>(vector * config.columns + column)];
  }
  // The weight of `lane` and `column` in the tile at `address`.
  int8_t weight(int64_t address, int64_t lane, int64_t column) const;

  hw::Config config;
  MemoryImage dram;
  std::vector<uint8_t> scratchpad;
  std::vector<int32_t> accumulators;
  std::vector<LinePlace> line_memory;
  std::array<std::array<int8_t, 256>, 2> tables{};
  bool met_unspecified_data = false;
};

void execute(State& state, const isa::Load& x);
void execute(State& state, const isa::Store& x);
void execute(State& state, const isa::Conv& x);
void execute(State& state, const isa::Depthwise& x);
void execute(State& state, const isa::Drain& x);
void execute(State& state, const isa::Eltwise& x);
void execute(State& state, const isa::SetTable& x);
void execute(State& state, const isa::Softmax& x);

// Sums wrap at 32 bits.
inline int32_t wrapping_add(int32_t a, int64_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

}  // namespace zahl::reference
