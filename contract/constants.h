// The constant bytes of a program: its own, or those of a mapped program file. Copies share them.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "contract/memory_image.h"

namespace zahl {

class Constants {
 public:
  Constants() = default;
  Constants(std::vector<uint8_t> bytes)  // NOLINT: a list of bytes is what constants are
      : own_(std::make_shared<const std::vector<uint8_t>>(std::move(bytes))), bytes_(*own_) {}
  Constants(std::initializer_list<uint8_t> bytes) : Constants(std::vector<uint8_t>(bytes)) {}
  // REQUIRES: the range lies in the file.
  Constants(std::shared_ptr<const FileMapping> file, size_t offset, size_t size)
      : file_(std::move(file)),
        offset_(offset),
        bytes_(reinterpret_cast<const uint8_t*>(file_->bytes().data()) + offset, size) {}

  size_t size() const { return bytes_.size(); }
  const uint8_t* data() const { return bytes_.data(); }
  auto begin() const { return bytes_.begin(); }
  auto end() const { return bytes_.end(); }

  void place(MemoryImage& memory, size_t address) const {
    if (file_) return memory.place(*file_, offset_, size(), address);
    std::copy(begin(), end(), memory.begin() + address);
  }

  bool operator==(const Constants& other) const { return std::ranges::equal(bytes_, other.bytes_); }

 private:
  std::shared_ptr<const std::vector<uint8_t>> own_;
  std::shared_ptr<const FileMapping> file_;
  size_t offset_ = 0;
  std::span<const uint8_t> bytes_;
};

}  // namespace zahl
