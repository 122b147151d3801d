#include "tests/support/footprint.h"

#include <algorithm>

#include "engines/reference/instruction_accesses.h"

namespace zahl::test {

void IntervalSet::add(int64_t begin, int64_t end) {
  if (begin >= end) return;
  if (!intervals_.empty()) {
    Interval& last = intervals_.back();
    if (begin >= last.begin && begin <= last.end) {
      last.end = std::max(last.end, end);
      return;
    }
    if (begin < last.begin) is_sorted_ = false;
  }
  intervals_.push_back({begin, end});
}

const std::vector<IntervalSet::Interval>& IntervalSet::intervals() const {
  if (is_sorted_) return intervals_;
  std::sort(intervals_.begin(), intervals_.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  std::vector<Interval> merged;
  for (const Interval& next : intervals_) {
    if (!merged.empty() && next.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, next.end);
    } else {
      merged.push_back(next);
    }
  }
  intervals_ = std::move(merged);
  is_sorted_ = true;
  return intervals_;
}

bool IntervalSet::overlaps(const IntervalSet& other) const {
  const auto& mine = intervals();
  const auto& theirs = other.intervals();
  for (size_t i = 0, j = 0; i < mine.size() && j < theirs.size();) {
    if (mine[i].end <= theirs[j].begin) {
      ++i;
    } else if (theirs[j].end <= mine[i].begin) {
      ++j;
    } else {
      return true;
    }
  }
  return false;
}

bool IntervalSet::overlaps(int64_t begin, int64_t end) const {
  IntervalSet other;
  other.add(begin, end);
  return overlaps(other);
}

bool IntervalSet::contains(int64_t begin, int64_t end) const {
  if (begin >= end) return true;
  const auto& mine = intervals();
  const auto after = std::upper_bound(
      mine.begin(), mine.end(), begin,
      [](int64_t value, const Interval& interval) { return value < interval.begin; });
  return after != mine.begin() && std::prev(after)->end >= end;
}

bool IntervalSet::contains(const IntervalSet& other) const {
  return std::ranges::all_of(other.intervals(),
                             [this](const Interval& x) { return contains(x.begin, x.end); });
}

namespace {

// The banks of the first and the last byte; false when the access leaves the memory.
bool add_banks(uint32_t& banks, const reference::Access& access, int64_t size, int64_t bank_size) {
  if (access.address < 0 || access.address + access.size > size) return false;
  banks |=
      1u << (access.address / bank_size) | 1u << ((access.address + access.size - 1) / bank_size);
  return true;
}

}  // namespace

Footprint footprint_of(const hw::Config& config, const isa::Instruction& instruction) {
  Footprint result;
  const bool is_post = isa::unit_of(instruction) == isa::Unit::Post;
  std::vector<bool> written(is_post ? static_cast<size_t>(config.scratchpad_bytes()) : 0);
  reference::for_each_access(config, instruction, [&](const reference::Access& access) {
    const int64_t end = access.address + access.size;
    switch (access.space) {
      case reference::Space::Scratchpad: {
        (access.is_write ? result.scratchpad_writes : result.scratchpad_reads)
            .add(access.address, end);
        uint32_t& banks = access.is_write ? result.write_banks : result.read_banks;
        if (!add_banks(banks, access, config.scratchpad_bytes(), config.scratchpad_bank_bytes)) {
          result.leaves_memory = true;
        } else if (is_post) {
          for (int64_t i = access.address; i < end; ++i) {
            if (access.is_write) written[static_cast<size_t>(i)] = true;
            result.reads_own_writes |= !access.is_write && written[static_cast<size_t>(i)];
          }
        }
        break;
      }
      case reference::Space::Accumulators:
        (access.is_write ? result.accumulator_writes : result.accumulator_reads)
            .add(access.address, end);
        if (access.address < 0 || end > config.accumulator_vectors()) {
          result.leaves_memory = true;
        } else {
          for (int64_t i = access.address; i < end; ++i) {
            result.accumulator_banks |= 1u << (i / config.accumulator_bank_vectors);
          }
        }
        break;
      case reference::Space::LineMemory:  // the array's alone; DefinedState knows what it holds
        result.leaves_memory |= end > config.line_buffer_pixels;
        break;
      case reference::Space::Dram:
        (access.is_write ? result.dram_writes : result.dram_reads).add(access.address, end);
        break;
    }
  });
  return result;
}

}  // namespace zahl::test
