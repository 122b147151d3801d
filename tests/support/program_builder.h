// Grows a random, legal, race-free program: knows what is defined where, gives instructions their
// claims and waits.
//
// The scratchpad is used through windows, pieces around bank borders and at both ends of the
// memory. Banks are split in two sides so that one instruction can read two operands in the same
// cycle without sharing a read port: an array instruction takes its source from the left and its
// weights from the right side.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "contract/run.h"
#include "tests/support/random.h"
#include "tests/support/wait_assignment.h"

namespace zahl::test {

enum class Side : uint8_t { Left, Right, Any };

inline Side other_side(Side side) { return side == Side::Left ? Side::Right : Side::Left; }

struct Window {
  int64_t begin = 0, end = 0;
  Side side = Side::Left;
  int64_t size() const { return end - begin; }
};

// Structured bytes that a load has brought into the scratchpad and that nothing has overwritten
// since.
struct Blob {
  enum class Kind : uint8_t { Parameters, Weights, Exponentials };
  Kind kind = Kind::Parameters;
  Side side = Side::Left;
  int64_t address = 0, bytes = 0;
  bool is_uniform = false;                // Parameters
  int64_t tap_rows = 0, tap_columns = 0;  // Weights of a window operation
  bool is_maximum = false;
  int32_t weight_zero = 0;
};

class ProgramBuilder {
 public:
  ProgramBuilder(const hw::Config& config, uint64_t seed);

  const hw::Config& config() const { return config_; }
  Random& random() { return random_; }
  const DefinedState& defined() const { return defined_; }
  int64_t length() const { return static_cast<int64_t>(program_.size()); }

  // Appends the instruction with claims and waits. False, and nothing happens, when it would leave
  // a memory, read what is not defined, read its own writes, or write DRAM outside the results'
  // area.
  bool add(isa::Instruction instruction);

  // A window of the side, all its bytes defined (a load is added where they are not).
  const Window& filled_window(Side side);
  // A window of the side, whatever it holds.
  const Window& any_window(Side side);
  // An address in the window for something of `bytes` bytes, at its ends more often than elsewhere;
  // nothing if too small.
  std::optional<int64_t> place(const Window& window, int64_t bytes, int64_t alignment = 1);

  // Puts the bytes into DRAM and loads them to a line of a window of the side.
  std::optional<Blob> load_blob(Blob blob, const std::vector<uint8_t>& content);
  // A blob still in place for which `is_wanted` holds.
  std::optional<Blob> find_blob(const std::function<bool(const Blob&)>& is_wanted);

  // A defined run of `vectors` accumulators.
  std::optional<int64_t> defined_accumulators(int64_t vectors);

  // A DRAM address for `bytes` bytes that may be written.
  std::optional<int64_t> result_place(int64_t bytes);
  int64_t dram_bytes() const { return static_cast<int64_t>(memory_.size()); }

  // Stores everything that is defined in the windows.
  void store_windows();

  uint64_t program_address() const { return program_address_; }
  const std::vector<uint8_t>& memory() const { return memory_; }
  const std::vector<isa::Instruction>& program() const { return program_; }

 private:
  void make_windows();

  hw::Config config_;
  Random random_;
  std::vector<uint8_t> memory_;
  uint64_t program_address_ = 0;
  int64_t constants_begin_ = 0, results_begin_ = 0, dump_ = 0;
  std::vector<Window> windows_;
  std::vector<Blob> blobs_;
  DefinedState defined_;
  WaitAssigner waits_;
  std::vector<isa::Instruction> program_;
};

}  // namespace zahl::test
