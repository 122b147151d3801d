// The scratchpad: its bytes, and which banks an access may touch.
#pragma once

#include <cstdint>
#include <utility>

#include "generated/isa.h"
#include "sim/mem/aligned_bytes.h"
#include "sim/mem/banks.h"

namespace zahl::sim {

class Scratchpad {
 public:
  void reset(const hw::Config& config) {
    banks_ = {config.scratchpad_bytes(), config.scratchpad_bank_bytes};
    bytes_.reset(static_cast<size_t>(banks_.size));
    written_banks_ = ~uint32_t{0};
  }

  uint8_t* data() const { return bytes_.data(); }

  // Whether all bytes of [address, address + size) lie in the scratchpad and in `banks`.
  bool allows(int64_t address, int64_t size, uint32_t banks) const {
    return banks_.allow(address, size, banks);
  }
  // The banks that hold these bytes, as a mask. REQUIRES: the bytes lie in the scratchpad.
  uint32_t banks(int64_t address, int64_t size) const {
    return static_cast<uint32_t>(banks_.of(address, size));
  }

  // Whoever writes says into which banks; who keeps what was made of the bytes takes the sum of
  // these.
  void note_write(uint32_t banks) { written_banks_ |= banks; }
  uint32_t take_written_banks() { return std::exchange(written_banks_, 0); }

 private:
  AlignedBytes bytes_;
  Banks banks_;
  uint32_t written_banks_ = ~uint32_t{0};
};

}  // namespace zahl::sim
