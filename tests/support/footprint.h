// The bytes, accumulators and banks that an instruction touches, as sets that can be compared.
#pragma once

#include <cstdint>
#include <vector>

#include "generated/isa.h"
#include "isa/encoding.h"

namespace zahl::test {

// A set of integers as disjoint half-open intervals in ascending order.
class IntervalSet {
 public:
  struct Interval {
    int64_t begin = 0, end = 0;
  };

  void add(int64_t begin, int64_t end);
  bool empty() const { return intervals().empty(); }
  bool overlaps(const IntervalSet& other) const;
  bool overlaps(int64_t begin, int64_t end) const;
  bool contains(int64_t begin, int64_t end) const;
  bool contains(const IntervalSet& other) const;
  int64_t begin() const { return intervals().front().begin; }
  int64_t end() const { return intervals().back().end; }
  const std::vector<Interval>& intervals() const;

 private:
  // Adding appends; the first question sorts and merges.
  mutable std::vector<Interval> intervals_;
  mutable bool is_sorted_ = true;
};

struct Footprint {
  IntervalSet scratchpad_reads, scratchpad_writes;
  IntervalSet accumulator_reads, accumulator_writes;  // vectors
  IntervalSet dram_reads, dram_writes;
  uint32_t read_banks = 0, write_banks = 0, accumulator_banks = 0;
  // An access outside the scratchpad, the accumulators or the line memory; the banks then lack it.
  bool leaves_memory = false;
  // The instruction reads a byte that it wrote before. A pipeline that issues ahead of its writes
  // gives another result than one that does not, so programs must not do it.
  bool reads_own_writes = false;
};

Footprint footprint_of(const hw::Config& config, const isa::Instruction& instruction);

}  // namespace zahl::test
