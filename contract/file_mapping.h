// A file's bytes, mapped read-only. Valid as long as the file does not shrink: programs are
// replaced by renaming, never written in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace zahl {

class FileMapping {
 public:
  // Throws UserError where the file cannot be read.
  static std::shared_ptr<const FileMapping> open(const std::filesystem::path& path);

  explicit FileMapping(int descriptor, size_t size);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  std::string_view bytes() const { return {bytes_, size_}; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  const char* bytes_ = nullptr;
  size_t size_;
};

}  // namespace zahl
