// The memories on the chip: bytes of the scratchpad, vectors of the accumulators, tables of post;
// and the check that an access stays inside the banks that its instruction claims (docs/machine.md,
// section 2).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "generated/isa.h"

namespace zahl::mem {

// Bytes at a 64-byte boundary with room to read past both ends.
class AlignedBytes {
 public:
  static constexpr size_t kAlignment = 64, kGuard = 4096;

  void reset(size_t size) {
    if (size != size_) {
      bytes_.reset(
          static_cast<uint8_t*>(::operator new (size + 2 * kGuard, std::align_val_t{kAlignment})));
      size_ = size;
    }
    std::memset(bytes_.get(), 0, size + 2 * kGuard);
  }
  uint8_t* data() const { return bytes_.get() + kGuard; }

 private:
  struct Free {
    void operator()(uint8_t* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<uint8_t, Free> bytes_;
  size_t size_ = 0;
};

class Storage {
 public:
  void reset(const hw::Config& config) {
    scratchpad_size_ = config.scratchpad_bytes();
    bank_bytes_ = config.scratchpad_bank_bytes;
    vectors_ = config.accumulator_vectors();
    bank_vectors_ = config.accumulator_bank_vectors;
    scratchpad_.reset(static_cast<size_t>(scratchpad_size_));
    accumulators_.reset(static_cast<size_t>(vectors_) * static_cast<size_t>(config.columns) *
                        sizeof(int32_t));
    for (auto& table : tables) table.fill(0);
    written_banks_ = ~uint32_t{0};
  }

  uint8_t* scratchpad() const { return scratchpad_.data(); }
  int32_t* accumulators() const { return reinterpret_cast<int32_t*>(accumulators_.data()); }
  std::array<std::array<int8_t, 256>, 2> tables{};

  // Whoever writes the scratchpad says into which banks; who keeps what was made of its bytes takes
  // the sum of these.
  void note_write(uint32_t banks) { written_banks_ |= banks; }
  uint32_t take_written_banks() { return std::exchange(written_banks_, 0); }

  // Whether all bytes of [address, address + size) lie in the scratchpad and in `banks`.
  bool allows(int64_t address, int64_t size, uint32_t banks) const {
    return inside(address, size, scratchpad_size_, bank_bytes_, banks);
  }
  // The same for accumulator vectors.
  bool allows_vectors(int64_t first, int64_t count, uint32_t banks) const {
    return inside(first, count, vectors_, bank_vectors_, banks);
  }
  // The banks that hold these bytes, as a mask. REQUIRES: the bytes lie in the scratchpad.
  uint32_t banks(int64_t address, int64_t size) const {
    return static_cast<uint32_t>(banks_of(address, size, bank_bytes_));
  }

 private:
  static uint64_t banks_of(int64_t address, int64_t size, int64_t bank) {
    const int64_t first = address / bank, last = (address + size - 1) / bank;
    return ((uint64_t{2} << last) - 1) & ~((uint64_t{1} << first) - 1);
  }
  static bool inside(int64_t address, int64_t size, int64_t end, int64_t bank, uint32_t banks) {
    if (address < 0 || address + size > end) return false;
    return (banks_of(address, size, bank) & ~uint64_t{banks}) == 0;
  }

  AlignedBytes scratchpad_, accumulators_;
  uint32_t written_banks_ = ~uint32_t{0};
  int64_t scratchpad_size_ = 0, bank_bytes_ = 1, vectors_ = 0, bank_vectors_ = 1;
};

}  // namespace zahl::mem
