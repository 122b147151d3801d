// The program image (.zprog): all that passes from the compiler to a machine, in one
// self-contained, checked file.
//
// Layout: magic "ZAHLPROG", u32 version, u32 section count, then per section a 4-byte name, u64
// size, u32 CRC-32 and the bytes:
//   CONF  machine configuration, TOML text
//   CODE  instructions, 64 bytes each
//   DATA  constants (weights, channel parameters, tables), integers only, placed at `data_address`
//   META  JSON: addresses, host boundary (names, shapes, scales), layers, map from instruction to
//   layer, estimate FILL  zeros, left out where not needed: with them DATA stands in its file pages
//   as it does in its DRAM pages, so that
//         it can be mapped instead of copied
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "contract/constants.h"
#include "contract/run.h"
#include "generated/isa.h"

namespace zahl {

// A tensor at the host boundary: int8 NHWC in DRAM at `address`, seen by the user as `type` in
// `shape`.
struct HostTensor {
  std::string name;
  std::string type;            // "float32", "int8", "uint8"
  std::vector<int64_t> shape;  // as the user sees it
  std::array<int, 4> nhwc{1, 1, 1, 1};
  bool channels_first = false;
  double scale = 1.0;
  int zero_point = 0;  // of the int8 form
  uint64_t address = 0;
  uint64_t bytes = 0;
};

// A node of the user's graph as it was scheduled.
struct Layer {
  std::string name;
  std::string type;
  int64_t macs = 0;
  uint32_t first_instruction = 0;  // informative; the exact map is Program::layer_of_instruction
  int64_t weight_bytes = 0;        // the network's own weights and biases, nothing padded
};

// Bytes that no schedule can do without (docs/report.md, "The least traffic").
struct LeastTraffic {
  int64_t weights = 0;  // and biases and constant operands, once
  int64_t ports = 0;    // the network's inputs and outputs, once
  int64_t large_maps =
      0;  // out and in again, of maps that the scratchpad cannot keep until their last reader

  int64_t compulsory() const { return weights + ports; }
};

// What the model says about the program's time under one memory. Since it runs the formulas of the
// machine, a run under that memory takes exactly these cycles.
struct Estimate {
  MemoryConfig memory;
  int64_t cycles = 0;
  std::vector<int64_t> layer_cycles;
};

struct Program {
  hw::Config config;
  std::string network;
  std::string source_format;
  std::string source_hash;  // FNV-1a of the model file, hexadecimal
  std::vector<isa::Instruction> instructions;
  Constants data;
  uint64_t program_address = 0;
  uint64_t data_address = 0;
  uint64_t memory_bytes = 0;  // size of the DRAM that the program needs
  std::vector<HostTensor> inputs, outputs;
  std::vector<Layer> layers;
  std::vector<int32_t> layer_of_instruction;  // -1: none
  LeastTraffic least_traffic;
  std::optional<Estimate> estimate;

  int64_t macs() const;
};

// Throws UserError. The file appears under its name only when it is complete.
void save_program(const Program& program, const std::filesystem::path& path);
// Throws UserError for anything that is not a whole, sound image of this version.
Program load_program(const std::filesystem::path& path);
bool is_program_file(const std::filesystem::path& path);

// The DRAM image before the run, inputs not yet written.
DeviceProgram device_program(const Program& program);

}  // namespace zahl
