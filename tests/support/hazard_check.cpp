#include "tests/support/hazard_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace zahl::test {

Ended OrderTracker::known(isa::Unit unit,
                          const std::array<uint32_t, isa::kUnitCount>& waits) const {
  const auto own = static_cast<size_t>(unit);
  Ended result = at_start_[own].empty() ? Ended{} : at_start_[own].back();
  for (size_t u = 0; u < result.size(); ++u) result[u] = std::max(result[u], waits[u]);
  if (unit == isa::Unit::Post) result[own] = count(unit);
  // What has ended knew at its start what had ended before; units end in order, so the last of each
  // knows most.
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (size_t u = 0; u < result.size(); ++u) {
      const uint32_t ended = std::min(result[u], static_cast<uint32_t>(at_start_[u].size()));
      if (ended == 0) continue;
      for (size_t v = 0; v < result.size(); ++v) {
        const uint32_t inherited = at_start_[u][ended - 1][v];
        has_grown |= inherited > result[v];
        result[v] = std::max(result[v], inherited);
      }
    }
  }
  return result;
}

void OrderTracker::append(isa::Unit unit, const std::array<uint32_t, isa::kUnitCount>& waits) {
  const Ended ended = known(unit, waits);
  at_start_[static_cast<size_t>(unit)].push_back(ended);
}

bool conflict(const Footprint& a, const isa::Common& a_claims, const Footprint& b,
              const isa::Common& b_claims) {
  if ((a_claims.read_banks & b_claims.read_banks) != 0) return true;
  if ((a_claims.write_banks & b_claims.write_banks) != 0) return true;
  if ((a_claims.accumulator_banks & b_claims.accumulator_banks) != 0) return true;
  const auto clash = [](const IntervalSet& a_reads, const IntervalSet& a_writes,
                        const IntervalSet& b_reads, const IntervalSet& b_writes) {
    return a_writes.overlaps(b_writes) || a_writes.overlaps(b_reads) || a_reads.overlaps(b_writes);
  };
  return clash(a.scratchpad_reads, a.scratchpad_writes, b.scratchpad_reads, b.scratchpad_writes) ||
         clash(a.accumulator_reads, a.accumulator_writes, b.accumulator_reads,
               b.accumulator_writes) ||
         clash(a.dram_reads, a.dram_writes, b.dram_reads, b.dram_writes);
}

std::optional<Hazard> find_hazard(const hw::Config& config,
                                  std::span<const isa::Instruction> program) {
  struct Earlier {
    isa::Unit unit;
    uint32_t ordinal;
    Footprint footprint;
  };
  std::vector<Earlier> earlier;
  OrderTracker order;
  for (uint32_t j = 0; j < program.size(); ++j) {
    const isa::Instruction& next = program[j];
    const isa::Unit unit = isa::unit_of(next);
    const isa::Common& common = isa::common_of(next);
    for (size_t u = 0; u < common.wait.size(); ++u) {
      if (common.wait[u] > order.count(static_cast<isa::Unit>(u))) {
        return Hazard{
            j, j,
            fmt::format("instruction {} waits for {} of unit {}, but only {} come before it", j,
                        common.wait[u], isa::kUnitNames[u],
                        order.count(static_cast<isa::Unit>(u)))};
      }
    }
    const Ended ended = order.known(unit, common.wait);
    Footprint footprint = footprint_of(config, next);
    for (uint32_t i = 0; i < j; ++i) {
      const Earlier& before = earlier[i];
      if (before.unit == unit || ended[static_cast<size_t>(before.unit)] > before.ordinal) continue;
      if (conflict(before.footprint, isa::common_of(program[i]), footprint, common)) {
        return Hazard{i, j,
                      fmt::format("nothing orders\n  {:4} {}\n  {:4} {}", i,
                                  isa::disassemble(program[i]), j, isa::disassemble(next))};
      }
    }
    order.append(unit, common.wait);
    earlier.push_back({unit, order.count(unit) - 1, std::move(footprint)});
  }
  return std::nullopt;
}

}  // namespace zahl::test
