#include "engines/compare/compare_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "isa/encoding.h"

namespace zahl {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

std::string disassembly(const DeviceProgram& program, uint32_t index) {
  const uint64_t at = program.program_address + uint64_t{index} * isa::kInstructionBytes;
  if (index >= program.instruction_count || at + isa::kInstructionBytes > program.memory.size())
    return "(no instruction)";
  std::string why;
  const auto instruction = isa::decode(std::span<const uint8_t, isa::kInstructionBytes>(
                                           program.memory.data() + at, isa::kInstructionBytes),
                                       &why);
  return instruction ? isa::disassemble(*instruction) : "illegal: " + why;
}

std::string_view kind_name(Transaction::Kind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"fetch", "load", "store"};
  return kNames[static_cast<size_t>(kind)];
}

// Collects differences and keeps the words of the one that shows first: by cycle, and in one cycle
// by the order of asking.
class Collector {
 public:
  Collector(const DeviceProgram& program, std::string_view a_name, std::string_view b_name)
      : program_(program), a_name_(a_name), b_name_(b_name) {}

  void note(int64_t cycle, const std::string& what) {
    if (cycle < first_cycle_ || first_.empty()) first_cycle_ = cycle, first_ = what;
  }
  void field(int64_t cycle, std::string_view where, std::string_view field, auto a, auto b) {
    note(cycle, fmt::format("{}: {} is {} in {}, {} in {}", where, field, a, a_name_, b, b_name_));
  }
  std::string first() const {
    if (first_.empty()) return "";
    return first_cycle_ == kNever ? first_ : fmt::format("cycle {}: {}", first_cycle_, first_);
  }

  void instructions(const RunResult& a, const RunResult& b, RunComparison& result) {
    std::map<uint32_t, std::array<const InstructionTrace*, 2>> pairs;
    for (const auto& x : a.instructions) pairs[x.index][0] = &x;
    for (const auto& x : b.instructions) pairs[x.index][1] = &x;
    for (const auto& [index, pair] : pairs) {
      const auto& [x, y] = pair;
      const auto where = [&] {
        const InstructionTrace& any = x != nullptr ? *x : *y;
        return fmt::format("instruction {} ({} unit)\n    {}\n   ", index,
                           isa::kUnitNames[static_cast<size_t>(any.unit)],
                           disassembly(program_, index));
      };
      if (x == nullptr || y == nullptr) {
        ++result.cycle_differences;
        note(x != nullptr ? x->start : y->start,
             fmt::format("{} started in {} alone", where(), x != nullptr ? a_name_ : b_name_));
        continue;
      }
      if (x->start != y->start) {
        ++result.cycle_differences;
        field(std::min(x->start, y->start), where(), "start", x->start, y->start);
      }
      if (x->end != y->end) {
        ++result.cycle_differences;
        field(std::min(x->end, y->end), where(), "end", x->end, y->end);
      }
      if (x->unit != y->unit) {
        ++result.cycle_differences;
        field(x->start, where(), "unit", isa::kUnitNames[static_cast<size_t>(x->unit)],
              isa::kUnitNames[static_cast<size_t>(y->unit)]);
      }
    }
  }

  void transactions(const RunResult& a, const RunResult& b, bool compares_data,
                    RunComparison& result) {
    const size_t count = std::max(a.transactions.size(), b.transactions.size());
    for (size_t i = 0; i < count; ++i) {
      if (i >= a.transactions.size() || i >= b.transactions.size()) {
        ++result.transaction_differences;
        const bool is_a = i < a.transactions.size();
        const Transaction& x = is_a ? a.transactions[i] : b.transactions[i];
        note(x.cycle,
             fmt::format("transaction {} ({}, address {:#x}, {} beats) happens in {} alone", i,
                         kind_name(x.kind), x.address, x.beats, is_a ? a_name_ : b_name_));
        continue;
      }
      transaction(i, a.transactions[i], b.transactions[i], compares_data, result);
    }
  }

  void memory(const RunResult& a, const RunResult& b, RunComparison& result) {
    if (a.memory.size() != b.memory.size()) {
      ++result.byte_differences;
      field(kNever, "DRAM", "size", a.memory.size(), b.memory.size());
      return;
    }
    for (size_t i = 0; i < a.memory.size(); ++i) {
      if (a.memory[i] == b.memory[i]) continue;
      ++result.byte_differences;
      field(kNever, fmt::format("DRAM byte {:#x}{}", i, writer_of(i)), "value", int{a.memory[i]},
            int{b.memory[i]});
    }
  }

 private:
  void transaction(size_t i, const Transaction& x, const Transaction& y, bool compares_data,
                   RunComparison& result) {
    if (x == y || (!compares_data && x.kind == y.kind && x.cycle == y.cycle && x.last == y.last &&
                   x.address == y.address && x.beats == y.beats)) {
      return;
    }
    const int64_t cycle = std::min(x.cycle, y.cycle);
    const std::string where = fmt::format("transaction {} ({}, address {:#x}, {} beats)", i,
                                          kind_name(x.kind), x.address, x.beats);
    const bool differs_in_data_alone = x.kind == y.kind && x.cycle == y.cycle && x.last == y.last &&
                                       x.address == y.address && x.beats == y.beats;
    ++(differs_in_data_alone ? result.byte_differences : result.transaction_differences);
    if (x.kind != y.kind) field(cycle, where, "kind", kind_name(x.kind), kind_name(y.kind));
    if (x.cycle != y.cycle) field(cycle, where, "cycle", x.cycle, y.cycle);
    if (x.address != y.address) field(cycle, where, "address", x.address, y.address);
    if (x.beats != y.beats) field(cycle, where, "beats", x.beats, y.beats);
    if (x.last != y.last) field(std::min(x.last, y.last), where, "last", x.last, y.last);
    if (differs_in_data_alone) field(x.last, where, "data_hash", x.data_hash, y.data_hash);
  }

  // The last store of the program whose rows hold the byte.
  std::string writer_of(size_t byte) const {
    for (uint32_t index = program_.instruction_count; index-- > 0;) {
      const uint64_t at = program_.program_address + uint64_t{index} * isa::kInstructionBytes;
      if (at + isa::kInstructionBytes > program_.memory.size()) continue;
      const auto instruction = isa::decode(std::span<const uint8_t, isa::kInstructionBytes>(
          program_.memory.data() + at, isa::kInstructionBytes));
      const auto* x = instruction ? std::get_if<isa::Store>(&*instruction) : nullptr;
      if (x == nullptr) continue;
      for (int64_t row = 0; row < int64_t{x->rows}; ++row) {
        const int64_t offset =
            static_cast<int64_t>(byte) - (static_cast<int64_t>(x->dram) + row * x->dram_step);
        if (offset < 0 || offset >= int64_t{x->row_bytes}) continue;
        return fmt::format(", scratchpad byte {:#x} written by instruction {}\n    {}\n   ",
                           x->scratchpad + row * x->scratchpad_step + offset, index,
                           isa::disassemble(*instruction));
      }
    }
    return "";
  }

  const DeviceProgram& program_;
  std::string_view a_name_, b_name_;
  int64_t first_cycle_ = kNever;
  std::string first_;
};

}  // namespace

RunComparison compare_runs(const DeviceProgram& program, std::string_view a_name,
                           const RunResult& a, std::string_view b_name, const RunResult& b,
                           const CompareOptions& options) {
  RunComparison result;
  Collector collector(program, a_name, b_name);
  if (options.compare_times) {
    collector.instructions(a, b, result);
    collector.transactions(a, b, options.compare_bytes, result);
    if (a.cycles != b.cycles) {
      ++result.cycle_differences;
      collector.field(std::min(a.cycles, b.cycles), "run", "cycles", a.cycles, b.cycles);
    }
  }
  if (a.error != b.error) {
    ++result.error_differences;
    collector.field(kNever, "run", "error", isa::kErrorNames[static_cast<size_t>(a.error)],
                    isa::kErrorNames[static_cast<size_t>(b.error)]);
  }
  if (a.error_index != b.error_index) {
    ++result.error_differences;
    collector.field(kNever, "run", "error_index", a.error_index, b.error_index);
  }
  if (options.compare_times) {
    for (size_t i = 0; i < a.counters.size(); ++i) {
      if (a.counters[i] == b.counters[i]) continue;
      ++result.counter_differences;
      collector.field(kNever, "counter", isa::kCounterNames[i], a.counters[i], b.counters[i]);
    }
  }
  if (options.compare_bytes) collector.memory(a, b, result);
  result.first_difference = collector.first();
  return result;
}

}  // namespace zahl
