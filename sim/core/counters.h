// The counters of isa/isa.toml; those of a unit are counted as intervals, by what was so in all
// cycles since the unit last looked.
#pragma once

#include <algorithm>
#include <array>

#include "generated/isa.h"
#include "sim/base/cycle.h"

namespace zahl::sim {

class Counters {
 public:
  uint64_t& operator[](isa::Counter counter) { return values_[static_cast<size_t>(counter)]; }
  // By number, as software selects them. Numbers that no counter has read 0.
  uint64_t at(uint32_t number) const { return number < isa::kCounterCount ? values_[number] : 0; }

 private:
  std::array<uint64_t, isa::kCounterCount> values_{};
};

// Of the counters of a unit exactly one counts in each cycle.
class UnitCounters {
 public:
  UnitCounters(Counters& counters, isa::Unit unit)
      : counters_(counters),
        first_(static_cast<int>(kBusy[static_cast<size_t>(unit)])),
        covered_(kBusy[static_cast<size_t>(unit)]),
        wait_offset_(static_cast<int>(kWait[static_cast<size_t>(unit)]) - first_) {}

  void reset() {
    accounted_ = 1;
    covered_until_ = 0;
    is_idle();
  }
  // Covered cycles count as this one instead of as busy.
  void count_covered_as(isa::Counter counter) { covered_ = counter; }

  // The cycles before `cycle` count as covered; kNever: not known yet.
  void set_covered(Cycle cycle) { covered_until_ = cycle; }
  bool is_open() const { return covered_until_ == kNever; }

  // What uncovered cycles count as from now on.
  void is_idle() { stall_ = counter(wait_offset_ + isa::kUnitCount); }
  void waits_for(int unit) { stall_ = counter(wait_offset_ + unit); }

  // Counts the cycles before t that have not been counted yet.
  void account(Cycle t) {
    if (const Cycle end = std::min(t, covered_until_); end > accounted_) {
      counters_[covered_] += static_cast<uint64_t>(end - accounted_);
      accounted_ = end;
    }
    if (t > accounted_) {
      counters_[stall_] += static_cast<uint64_t>(t - accounted_);
      accounted_ = t;
    }
  }

 private:
  static constexpr std::array<isa::Counter, isa::kUnitCount> kBusy = {
      isa::Counter::LoadBusy, isa::Counter::StoreBusy, isa::Counter::ArrayBusy,
      isa::Counter::PostBusy};
  static constexpr std::array<isa::Counter, isa::kUnitCount> kWait = {
      isa::Counter::LoadWaitLoad, isa::Counter::StoreWaitLoad, isa::Counter::ArrayWaitLoad,
      isa::Counter::PostWaitLoad};

  isa::Counter counter(int offset) const { return static_cast<isa::Counter>(first_ + offset); }

  Counters& counters_;
  const int first_;
  isa::Counter covered_;
  const int wait_offset_;
  Cycle accounted_ = 1;  // cycles before this one have been counted
  Cycle covered_until_ = 0;
  isa::Counter stall_{};
};

}  // namespace zahl::sim
