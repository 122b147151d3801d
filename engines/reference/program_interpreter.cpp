#include "engines/reference/program_interpreter.h"

#include <algorithm>
#include <span>
#include <variant>

#include "engines/reference/instruction_accesses.h"
#include "engines/reference/interpreter_state.h"
#include "isa/encoding.h"

namespace zahl::reference {

int32_t State::word(int64_t address) const {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | scratchpad[static_cast<size_t>(address + i)];
  return static_cast<int32_t>(value);
}

int8_t State::weight(int64_t address, int64_t lane, int64_t column) const {
  return byte(address + lane / 4 * 4 * config.columns + column * 4 + lane % 4);
}

namespace {

template <class Dma>
void copy_rows(const Dma& x, const auto& copy) {
  for (int64_t row = 0; row < int64_t{x.rows}; ++row)
    for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i) {
      copy(static_cast<size_t>(static_cast<int64_t>(x.dram) + row * x.dram_step + i),
           static_cast<size_t>(int64_t{x.scratchpad} + row * x.scratchpad_step + i));
    }
}

// True when the access lies in the memory of `size` units and, bank by bank, in the claimed ones.
bool is_claimed(const Access& access, int64_t size, int64_t bank_size, uint32_t claims) {
  if (access.address < 0 || access.address + access.size > size) return false;
  for (int64_t bank = access.address / bank_size;
       bank <= (access.address + access.size - 1) / bank_size; ++bank) {
    if ((claims >> bank & 1u) == 0) return false;
  }
  return true;
}

// A burst moves whole beats, and all of them must lie in the memory.
bool is_in_dram(const Access& access, int64_t size, int64_t bus_bytes) {
  return access.address >= 0 &&
         (access.address + access.size + bus_bytes - 1) / bus_bytes * bus_bytes <= size;
}

isa::Error fault_of(const State& state, const isa::Instruction& instruction) {
  const hw::Config& config = state.config;
  const isa::Common& common = isa::common_of(instruction);
  bool is_range = false, is_bus = false;
  for_each_access(config, instruction, [&](const Access& access) {
    switch (access.space) {
      case Space::Scratchpad:
        is_range |= !is_claimed(access, config.scratchpad_bytes(), config.scratchpad_bank_bytes,
                                access.is_write ? common.write_banks : common.read_banks);
        break;
      case Space::Accumulators:
        is_range |= !is_claimed(access, config.accumulator_vectors(),
                                config.accumulator_bank_vectors, common.accumulator_banks);
        break;
      case Space::LineMemory:
        is_range |= access.address + access.size > config.line_buffer_pixels;
        break;
      case Space::Dram:
        is_bus |= !is_in_dram(access, static_cast<int64_t>(state.dram.size()), config.bus_bytes);
        break;
    }
  });
  return is_range ? isa::Error::Range : is_bus ? isa::Error::Bus : isa::Error::None;
}

// A fetch burst that leaves the memory makes all its instructions illegal.
bool is_fetched(const hw::Config& config, const DeviceProgram& program, uint32_t index) {
  const auto burst = static_cast<uint32_t>(config.fetch_burst);
  const uint64_t end = std::min(program.instruction_count, (index / burst + 1) * burst);
  return program.program_address + end * isa::kInstructionBytes <= program.memory.size();
}

}  // namespace

void execute(State& state, const isa::Load& x) {
  copy_rows(
      x, [&](size_t dram, size_t scratchpad) { state.scratchpad[scratchpad] = state.dram[dram]; });
}

void execute(State& state, const isa::Store& x) {
  copy_rows(
      x, [&](size_t dram, size_t scratchpad) { state.dram[dram] = state.scratchpad[scratchpad]; });
}

namespace {

RunResult run(State& state, const DeviceProgram& program) {
  const hw::Config& config = state.config;
  RunResult result;
  for (uint32_t index = 0; index < program.instruction_count && result.error == isa::Error::None;
       ++index) {
    result.error_index = index;
    const uint64_t address = program.program_address + uint64_t{index} * isa::kInstructionBytes;
    if (!is_fetched(config, program, index)) {
      result.error = isa::Error::IllegalInstruction;
      break;
    }
    const auto* word = state.dram.data() + address;
    const auto instruction = isa::decode_legal(
        std::span<const uint8_t, isa::kInstructionBytes>(word, isa::kInstructionBytes), config);
    result.error = instruction ? fault_of(state, *instruction) : isa::Error::IllegalInstruction;
    if (result.error == isa::Error::None) {
      std::visit([&](const auto& x) { execute(state, x); }, *instruction);
    }
  }
  if (result.error == isa::Error::None) result.error_index = 0;
  result.memory = std::move(state.dram);
  return result;
}

}  // namespace

RunResult interpret(const hw::Config& config, const DeviceProgram& program) {
  State state(config, program.memory);
  return run(state, program);
}

bool meets_unspecified_data(const hw::Config& config, const DeviceProgram& program) {
  State state(config, program.memory);
  run(state, program);
  return state.met_unspecified_data;
}

}  // namespace zahl::reference
