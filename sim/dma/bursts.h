// Cuts the rows of a load or store into bursts (docs/machine.md, section 6). DRAM addresses wrap at
// 40 bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "contract/timing.h"
#include "generated/isa.h"

namespace zahl::sim {

class Bursts {
 public:
  static constexpr uint64_t kAddressMask = isa::limits::Load::dram.max;

  template <class Copy>
  void begin(const Copy& x, const hw::Config& config) {
    row_dram_ = dram_ = x.dram;
    row_scratchpad_ = scratchpad_ = x.scratchpad;
    dram_step_ = x.dram_step;
    scratchpad_step_ = x.scratchpad_step;
    row_bytes_ = left_ = x.row_bytes;
    rows_left_ = x.rows;
    burst_bytes_ = static_cast<uint32_t>(config.burst_bytes);
    bus_bytes_ = static_cast<uint32_t>(config.bus_bytes);
  }

  bool done() const { return rows_left_ == 0; }
  // The current burst: its first byte on either side, and how many.
  uint64_t dram() const { return dram_; }
  int64_t scratchpad() const { return scratchpad_; }
  uint32_t bytes() const { return timing::burst_length(dram_, left_, burst_bytes_); }
  int beats() const { return static_cast<int>(timing::beats(dram_, bytes(), bus_bytes_)); }

  void advance() {
    const uint32_t size = bytes();
    left_ -= size;
    if (left_ != 0) {
      dram_ = (dram_ + size) & kAddressMask;
      scratchpad_ += size;
      return;
    }
    --rows_left_;
    left_ = row_bytes_;
    row_dram_ = dram_ = (row_dram_ + static_cast<uint64_t>(dram_step_)) & kAddressMask;
    row_scratchpad_ = scratchpad_ = row_scratchpad_ + scratchpad_step_;
  }

  // Calls visit(offset, size) for the bytes of each beat of the current burst, offset counted from
  // the burst's first byte.
  template <class Visit>
  void for_each_beat(Visit&& visit) const {
    uint32_t at = static_cast<uint32_t>(dram_ & (bus_bytes_ - 1));
    const uint32_t size = bytes();
    for (uint32_t offset = 0; offset < size;) {
      const uint32_t part = std::min(size - offset, bus_bytes_ - at);
      visit(offset, part);
      offset += part;
      at = 0;
    }
  }

 private:
  uint64_t row_dram_ = 0, dram_ = 0;
  int64_t row_scratchpad_ = 0, scratchpad_ = 0;
  int64_t dram_step_ = 0;
  uint32_t scratchpad_step_ = 0;
  uint32_t row_bytes_ = 0, left_ = 0, rows_left_ = 0;
  uint32_t burst_bytes_ = 1, bus_bytes_ = 1;
};

}  // namespace zahl::sim
