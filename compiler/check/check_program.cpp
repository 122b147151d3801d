#include "compiler/check/check_program.h"

#include <fmt/format.h>

#include <array>

#include "compiler/check/footprint.h"
#include "compiler/check/line_memory.h"
#include "isa/encoding.h"

namespace zahl::check {
namespace {

using isa::kUnitCount;
// By unit, how many of its instructions have ended for certain: a vector clock (Fidge 1988, Mattern
// 1989), built here from the waits alone.
using VectorClock = std::array<uint32_t, kUnitCount>;

struct Seen {
  size_t index;
  isa::Common common;
  std::vector<Touched> touched;
  VectorClock clock;  // what has ended when this instruction has
};

constexpr std::array<std::string_view, 3> kStoreNames = {"scratchpad", "accumulators", "DRAM"};

uint64_t banks(const Touched& t, int64_t bank_size) {
  uint64_t mask = 0;
  for (int64_t b = t.begin / bank_size; b <= (t.end - 1) / bank_size; ++b) mask |= uint64_t{1} << b;
  return mask;
}

std::string check_addresses(size_t index, const Seen& s, const Program& p) {
  for (const Touched& t : s.touched) {
    const bool on_dram = t.store == Store::Dram, on_chip = t.store == Store::Scratchpad;
    const int64_t limit = on_dram   ? static_cast<int64_t>(p.memory_bytes)
                          : on_chip ? p.config.scratchpad_bytes()
                                    : p.config.accumulator_vectors();
    if (t.begin < 0 || t.end > limit) {
      return fmt::format("instruction {} touches {} {} to {} of {}", index,
                         kStoreNames[static_cast<size_t>(t.store)], t.begin, t.end - 1, limit);
    }
    if (on_dram) continue;
    const uint64_t claimed = !on_chip     ? s.common.accumulator_banks
                             : t.is_write ? s.common.write_banks
                                          : s.common.read_banks;
    if ((banks(t, on_chip ? p.config.scratchpad_bank_bytes : p.config.accumulator_bank_vectors) &
         ~claimed) != 0) {
      return fmt::format("instruction {} touches {} {} to {} without claiming it", index,
                         kStoreNames[static_cast<size_t>(t.store)], t.begin, t.end - 1);
    }
  }
  return "";
}

std::string why_ordered(const Seen& a, const Seen& b) {
  if ((a.common.read_banks & b.common.read_banks) != 0) return "a read port";
  if ((a.common.write_banks & b.common.write_banks) != 0) return "a write port";
  if ((a.common.accumulator_banks & b.common.accumulator_banks) != 0) return "an accumulator bank";
  for (const Touched& x : a.touched) {
    for (const Touched& y : b.touched) {
      if (x.store == y.store && (x.is_write || y.is_write) && x.begin < y.end && y.begin < x.end) {
        return fmt::format("bytes of {}", kStoreNames[static_cast<size_t>(x.store)]);
      }
    }
  }
  return "";
}

}  // namespace

std::string check_program(const Program& program) {
  std::array<std::vector<Seen>, kUnitCount> seen;
  LineMemory line_memory(program.config);
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const auto& instruction = program.instructions[i];
    const std::string illegal = isa::illegal_reason(instruction, program.config);
    if (!illegal.empty()) return fmt::format("instruction {} is illegal: {}", i, illegal);
    const size_t unit = static_cast<size_t>(isa::unit_of(instruction));
    Seen now{i, isa::common_of(instruction), footprint(instruction, program.config), {}};
    if (!seen[unit].empty()) now.clock = seen[unit].back().clock;
    for (size_t other = 0; other < kUnitCount; ++other) {
      const uint32_t wait = now.common.wait[other];
      if (wait > seen[other].size())
        return fmt::format("instruction {} waits for a later one of unit {}", i,
                           isa::kUnitNames[other]);
      if (wait == 0) continue;
      for (size_t u = 0; u < kUnitCount; ++u)
        now.clock[u] = std::max(now.clock[u], seen[other][wait - 1].clock[u]);
    }
    std::string error = check_addresses(i, now, program);
    if (!error.empty()) return error;
    // The array alone uses the line memory, in program order.
    if (const auto* window = std::get_if<isa::Depthwise>(&instruction))
      error = line_memory.pass(*window);
    if (!error.empty()) return fmt::format("instruction {} {}", i, error);
    for (size_t other = 0; other < kUnitCount; ++other) {
      if (other == unit) continue;
      for (size_t n = seen[other].size(); n > now.clock[other]; --n) {
        const std::string shared = why_ordered(now, seen[other][n - 1]);
        if (!shared.empty())
          return fmt::format("instructions {} and {} share {} and no token orders them",
                             seen[other][n - 1].index, i, shared);
      }
    }
    now.clock[unit] = static_cast<uint32_t>(seen[unit].size()) + 1;
    seen[unit].push_back(std::move(now));
  }
  return "";
}

}  // namespace zahl::check
