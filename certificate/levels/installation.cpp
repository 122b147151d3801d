#include "certificate/levels/installation.h"

#include <filesystem>

namespace zahl::certificate {

std::string own_prefix() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path().parent_path().string();
}

std::string own_source() { return own_prefix() + "/share/zahl"; }

}  // namespace zahl::certificate
