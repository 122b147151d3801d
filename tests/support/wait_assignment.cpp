#include "tests/support/wait_assignment.h"

#include <algorithm>

#include "engines/reference/instruction_accesses.h"

namespace zahl::test {

namespace {

// Lets the rows of the blocks pass `places`. False: a resumed block found a place that nothing had
// passed.
bool pass_places(const isa::Depthwise& x, std::vector<bool>& places) {
  if (x.tap_rows < 2) return true;
  bool is_defined = true;
  const int64_t width = reference::streamed_columns(x);
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    const int64_t first = reference::first_place(x, block);
    for (int64_t place = first; place < first + width; ++place) {
      is_defined = is_defined && (!x.resume || places[static_cast<size_t>(place)]);
      places[static_cast<size_t>(place)] = true;
    }
    if (x.pairs && width % 2 == 1) places[static_cast<size_t>(first) - 1] = false;
  }
  return is_defined;
}

}  // namespace

void WaitAssigner::append(isa::Instruction& instruction, Footprint footprint) {
  const isa::Unit unit = isa::unit_of(instruction);
  isa::Common& common = isa::common_of(instruction);

  Ended needed{};
  const Ended ended = order_.known(unit, common.wait);
  for (const Earlier& before : earlier_) {
    const auto u = static_cast<size_t>(before.unit);
    if (before.unit == unit || before.ordinal < std::max(ended[u], needed[u])) continue;
    if (conflict(before.footprint, before.claims, footprint, common))
      needed[u] = before.ordinal + 1;
  }
  // A wait that the others imply is left out.
  auto waits = common.wait;
  for (size_t u = 0; u < waits.size(); ++u) waits[u] = std::max(waits[u], needed[u]);
  for (size_t u = 0; u < waits.size(); ++u) {
    if (needed[u] == 0) continue;
    auto fewer = waits;
    fewer[u] = common.wait[u];
    if (order_.known(unit, fewer)[u] >= needed[u]) waits = fewer;
  }
  common.wait = waits;
  order_.append(unit, waits);
  earlier_.push_back({unit, order_.count(unit) - 1, common, std::move(footprint)});
}

std::string DefinedState::undefined_read(const isa::Instruction& instruction,
                                         const Footprint& footprint) const {
  if (!scratchpad_.contains(footprint.scratchpad_reads))
    return "reads scratchpad bytes that nothing has written";
  if (!accumulators_.contains(footprint.accumulator_reads))
    return "reads accumulators that nothing has written";
  if (const auto* x = std::get_if<isa::Depthwise>(&instruction);
      x != nullptr && !footprint.leaves_memory) {
    auto places = places_;
    if (!pass_places(*x, places))
      return "resumes below rows that nothing has put into the line memory";
  }
  const bool uses_unset_table = std::visit(
      [this](const auto& x) {
        if constexpr (requires { x.use_table; }) return x.use_table && !is_table_set_[x.table_slot];
        return false;
      },
      instruction);
  return uses_unset_table ? "uses a table that nothing has set" : "";
}

void DefinedState::append(const isa::Instruction& instruction, const Footprint& footprint) {
  for (const auto& x : footprint.scratchpad_writes.intervals()) scratchpad_.add(x.begin, x.end);
  for (const auto& x : footprint.accumulator_writes.intervals()) accumulators_.add(x.begin, x.end);
  if (const auto* x = std::get_if<isa::SetTable>(&instruction)) is_table_set_[x->slot] = true;
  if (const auto* x = std::get_if<isa::Depthwise>(&instruction);
      x != nullptr && !footprint.leaves_memory) {
    pass_places(*x, places_);
  }
}

std::optional<std::vector<isa::Instruction>> with_minimal_waits(
    const hw::Config& config, std::vector<isa::Instruction> program) {
  WaitAssigner assigner(config);
  DefinedState state;
  for (isa::Instruction& instruction : program) {
    isa::common_of(instruction).wait = {};
    Footprint footprint = footprint_of(config, instruction);
    if (!state.undefined_read(instruction, footprint).empty()) return std::nullopt;
    state.append(instruction, footprint);
    assigner.append(instruction, std::move(footprint));
  }
  return program;
}

}  // namespace zahl::test
