// Memory of the host for a memory on the chip.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace zahl::sim {

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

}  // namespace zahl::sim
