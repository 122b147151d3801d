// The bytes of a DRAM, in pages of its own: pages of zeros exist only once they are written, and a
// file's pages can be laid into it, to be copied only when they are written. So a large program
// costs what its run touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "contract/file_mapping.h"

namespace zahl {

class MemoryImage {
 public:
  MemoryImage() = default;
  explicit MemoryImage(size_t size) { resize(size); }
  MemoryImage(const std::vector<uint8_t>& bytes) {
    assign(bytes);
  }  // NOLINT: a plain list of bytes is an image
  MemoryImage(const MemoryImage& other) { assign(other); }
  MemoryImage(MemoryImage&& other) noexcept { swap(other); }
  MemoryImage& operator=(MemoryImage other) noexcept {
    swap(other);
    return *this;
  }
  ~MemoryImage();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint8_t* data() { return bytes_; }
  const uint8_t* data() const { return bytes_; }
  uint8_t& operator[](size_t i) { return bytes_[i]; }
  const uint8_t& operator[](size_t i) const { return bytes_[i]; }
  uint8_t* begin() { return bytes_; }
  uint8_t* end() { return bytes_ + size_; }
  const uint8_t* begin() const { return bytes_; }
  const uint8_t* end() const { return bytes_ + size_; }

  // New bytes are zero. Throws std::bad_alloc.
  void resize(size_t size);
  void assign(std::span<const uint8_t> bytes);
  // Puts `size` bytes that stand at `offset` of the file at `address`. Whole pages that lie in
  // their pages as they do in the file are shared with it until they are written; the rest is
  // copied. REQUIRES: both ranges exist.
  void place(const FileMapping& file, size_t offset, size_t size, size_t address);

  bool operator==(const MemoryImage& other) const;

 private:
  void swap(MemoryImage& other) noexcept;

  uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
};

}  // namespace zahl
