// A model as its user names it: the file, and numbers for the dimensions that it leaves open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace zahl::frontend {

struct ModelFile {
  template <typename Path>
  requires std::convertible_to<Path, std::filesystem::path> ModelFile(Path&& file)
      : path(std::forward<Path>(file)) {}  // NOLINT: every path is one

  std::filesystem::path path;
  std::map<std::string, int64_t> bindings{};  // by the dimension's name, or INPUT.AXIS
  // Shapes of the arrays that the inputs will be given, where they are known; a single one may have
  // no name.
  std::map<std::string, std::vector<int64_t>> shapes{};
};

// From words NAME=VALUE; throws UserError.
std::map<std::string, int64_t> bindings_of(const std::vector<std::string>& words);

}  // namespace zahl::frontend
