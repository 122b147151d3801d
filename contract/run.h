// What a run of a program yields, whichever engine ran it. Model and RTL fill all of it and must
// agree in all of it; the reference has no notion of time and fills the memory image and the error
// alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "contract/memory_image.h"
#include "generated/isa.h"
#include "isa/config.h"

namespace zahl {

// Cycle numbers count from the cycle in which control.start is written, which is 0.
struct InstructionTrace {
  uint32_t index = 0;  // position in the program
  isa::Unit unit = isa::Unit::Load;
  int64_t start = 0;
  int64_t end = 0;
  bool operator==(const InstructionTrace&) const = default;
};

// One AXI burst. `cycle` is the address transfer of a read, the last data transfer of a write;
// `last` is the last data transfer of a read, the response of a write. `data_hash` is hash_bytes
// over the burst's bus beats, strobed-out bytes as zero.
struct Transaction {
  enum class Kind : uint8_t { Fetch, Load, Store };
  Kind kind = Kind::Fetch;
  int64_t cycle = 0;
  int64_t last = 0;
  uint64_t address = 0;
  uint32_t beats = 0;
  uint64_t data_hash = 0;
  bool operator==(const Transaction&) const = default;
};

// FNV-1a, 64 bits.
inline uint64_t hash_bytes(std::span<const uint8_t> bytes, uint64_t seed = 0xcbf29ce484222325ull) {
  for (uint8_t b : bytes) seed = (seed ^ b) * 0x100000001b3ull;
  return seed;
}

struct RunOptions {
  bool trace_instructions = true;
  bool trace_transactions = true;
  bool compute_values = true;  // false: cycles only (model); results and hashes are then zero
  uint32_t watchdog_cycles = 1u << 24;
  bool witness = false;       // model only: floating-point exceptions of the host end the process
                              // (sim/base/witness.h)
  std::string waveform_path;  // RTL only; empty: none
};

struct RunResult {
  int64_t cycles = 0;
  isa::Error error = isa::Error::None;
  uint32_t error_index = 0;
  std::array<uint64_t, isa::kCounterCount> counters{};
  std::vector<InstructionTrace> instructions;  // ordered by program index
  std::vector<Transaction> transactions;       // ordered by (cycle, kind)
  MemoryImage memory;                          // DRAM after the run
  int64_t witness_sections = 0;                // instructions started under the witness
};

// An engine runs `instruction_count` instructions that stand at `program_address` of the DRAM image
// `memory`.
struct DeviceProgram {
  MemoryImage memory;
  uint64_t program_address = 0;  // multiple of 512
  uint32_t instruction_count = 0;
};

}  // namespace zahl
