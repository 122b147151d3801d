// The instructions of one unit that are in flight: their claims and their positions in the program.
//
// Instructions of a unit end in the order in which they started. A unit may hold several claims;
// claims within one unit never conflict.
#pragma once

#include "isa/encoding.h"
#include "sim/base/cycle.h"
#include "sim/base/fifo.h"

namespace zahl::sim {

// Ports that an instruction owns from its start to its end.
struct Claims {
  uint32_t read_banks = 0, write_banks = 0, accumulator_banks = 0;

  static Claims of(const isa::Common& common) {
    return {common.read_banks, common.write_banks, common.accumulator_banks};
  }
  bool conflicts(const Claims& other) const {
    return ((read_banks & other.read_banks) | (write_banks & other.write_banks) |
            (accumulator_banks & other.accumulator_banks)) != 0;
  }
  void add(const Claims& other) {
    read_banks |= other.read_banks;
    write_banks |= other.write_banks;
    accumulator_banks |= other.accumulator_banks;
  }
};

class InFlight {
 public:
  struct Entry {
    uint32_t index = 0;
    Cycle start = 0;
    Cycle end = kNever;
    isa::Error fault = isa::Error::None;
    Claims claims;
  };
  static constexpr size_t kMost = 32;

  void reset() {
    entries_.reset(kMost);
    held_ = {};
    first_sequence_ = last_started_ = 0;
  }
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

  // The instruction's number among those that the unit has started.
  uint32_t start(uint32_t index, Cycle t, const Claims& claims) {
    entries_.push() = {index, t, kNever, isa::Error::None, claims};
    held_.add(claims);
    last_started_ = index;
    return first_sequence_ + static_cast<uint32_t>(entries_.size()) - 1;
  }
  // The oldest one has ended.
  void end() {
    entries_.pop();
    ++first_sequence_;
    held_ = {};
    for (size_t i = 0; i < entries_.size(); ++i) held_.add(entries_[i].claims);
  }

  Entry& operator[](uint32_t sequence) { return entries_[sequence - first_sequence_]; }
  const Entry& oldest() const { return entries_.front(); }
  bool is_oldest(uint32_t sequence) const { return sequence == first_sequence_; }
  bool is_latest(uint32_t sequence) const {
    return sequence - first_sequence_ + 1 == entries_.size();
  }

  // Of all in flight, possibly with those that end now.
  const Claims& held() const { return held_; }
  // As registers show them in cycle t.
  Claims held_at(Cycle t) const {
    Claims claims;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].start < t && entries_[i].end > t) claims.add(entries_[i].claims);
    }
    return claims;
  }
  uint32_t last_started() const { return last_started_; }

 private:
  Fifo<Entry> entries_;
  Claims held_;
  uint32_t first_sequence_ = 0;  // of the oldest
  uint32_t last_started_ = 0;
};

}  // namespace zahl::sim
