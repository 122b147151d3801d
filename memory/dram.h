// The bytes of the memory outside the device. A read sees them as they stand when it arrives; a
// write changes them with its response, for reads that arrive in later cycles.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "contract/memory_image.h"

namespace zahl::memory {

class Dram {
 public:
  void reset(MemoryImage bytes) {
    bytes_ = std::move(bytes);
    first_ = end_ = 0;
  }
  MemoryImage take() {
    settle(INT64_MAX);
    return std::move(bytes_);
  }

  bool contains(uint64_t address, uint64_t size) const { return address + size <= bytes_.size(); }

  // REQUIRES: contains(address, size); cycles do not fall.
  const uint8_t* read(int64_t cycle, uint64_t address) {
    settle(cycle);
    return bytes_.data() + address;
  }
  void write(int64_t cycle, int64_t response, uint64_t address, const uint8_t* data,
             uint64_t size) {
    settle(cycle);
    if (end_ - first_ == pending_.size()) grow();
    Pending& write = pending_[end_++ & (pending_.size() - 1)];
    write.response = response;
    write.address = address;
    write.data.assign(data, data + size);
  }

 private:
  struct Pending {
    int64_t response = 0;
    uint64_t address = 0;
    std::vector<uint8_t> data;
  };

  void settle(int64_t cycle) {
    for (; first_ != end_; ++first_) {
      const Pending& write = pending_[first_ & (pending_.size() - 1)];
      if (write.response >= cycle) return;
      std::memcpy(bytes_.data() + write.address, write.data.data(), write.data.size());
    }
  }
  void grow() {
    std::vector<Pending> larger(pending_.empty() ? 64 : 2 * pending_.size());
    for (size_t i = first_; i != end_; ++i) {
      larger[i & (larger.size() - 1)] = std::move(pending_[i & (pending_.size() - 1)]);
    }
    pending_ = std::move(larger);
  }

  MemoryImage bytes_;
  std::vector<Pending> pending_;  // writes that have arrived, [first_, end_) modulo the size
  size_t first_ = 0, end_ = 0;
};

}  // namespace zahl::memory
