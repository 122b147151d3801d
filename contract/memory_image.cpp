#include "contract/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "isa/error.h"
#include "isa/round.h"

namespace zahl {

namespace {

constexpr size_t kPage = 4096;  // of the file format; a host with larger pages copies

}  // namespace

std::shared_ptr<const FileMapping> FileMapping::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    if (descriptor >= 0) ::close(descriptor);
    throw UserError("it cannot be read; check its permissions");
  }
  return std::make_shared<const FileMapping>(descriptor, static_cast<size_t>(status.st_size));
}

FileMapping::FileMapping(int descriptor, size_t size) : descriptor_(descriptor), size_(size) {
  if (size == 0) return;
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) {
    ::close(descriptor);
    throw UserError("it cannot be read; check its permissions");
  }
  bytes_ = static_cast<const char*>(bytes);
}

FileMapping::~FileMapping() {
  if (bytes_ != nullptr) munmap(const_cast<char*>(bytes_), size_);
  ::close(descriptor_);
}

MemoryImage::~MemoryImage() {
  if (bytes_ != nullptr) munmap(bytes_, size_);
}

void MemoryImage::swap(MemoryImage& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
}

void MemoryImage::resize(size_t size) {
  MemoryImage larger;
  if (size != 0) {
    void* bytes = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) throw std::bad_alloc();
    madvise(bytes, size, MADV_HUGEPAGE);  // fewer faults where it is granted
    larger.bytes_ = static_cast<uint8_t*>(bytes);
    larger.size_ = size;
    if (bytes_ != nullptr) std::memcpy(larger.bytes_, bytes_, std::min(size, size_));
  }
  swap(larger);
}

void MemoryImage::assign(std::span<const uint8_t> bytes) {
  MemoryImage copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.bytes_, bytes.data(), bytes.size());
  swap(copy);
}

void MemoryImage::place(const FileMapping& file, size_t offset, size_t size, size_t address) {
  const char* from = file.bytes().data() + offset;
  const size_t first = round_up(address, kPage), end = (address + size) / kPage * kPage;
  const bool fits =
      offset % kPage == address % kPage && sysconf(_SC_PAGESIZE) == static_cast<long>(kPage);
  if (!fits || first >= end ||
      mmap(bytes_ + first, end - first, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
           file.descriptor(), static_cast<off_t>(offset + (first - address))) == MAP_FAILED) {
    std::memcpy(bytes_ + address, from, size);
    return;
  }
  std::memcpy(bytes_ + address, from, first - address);
  std::memcpy(bytes_ + end, from + (end - address), address + size - end);
}

bool MemoryImage::operator==(const MemoryImage& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

}  // namespace zahl
