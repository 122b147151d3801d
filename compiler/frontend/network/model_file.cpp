#include "compiler/frontend/network/model_file.h"

#include <fmt/format.h>

#include <charconv>

#include "isa/error.h"

namespace zahl::frontend {

std::map<std::string, int64_t> bindings_of(const std::vector<std::string>& words) {
  constexpr int64_t kMost = int64_t{1} << 28;
  std::map<std::string, int64_t> bindings;
  for (const std::string& word : words) {
    const size_t equals = word.rfind('=');
    int64_t value = 0;
    const char* end = word.data() + word.size();
    const bool has_value = equals != std::string::npos && equals > 0 &&
                           std::from_chars(word.data() + equals + 1, end, value).ptr == end;
    if (!has_value || value < 1 || value > kMost) {
      throw UserError(fmt::format(
          "--bind {}: give the name of a dimension and a size, e.g. --bind batch=1", word));
    }
    bindings[word.substr(0, equals)] = value;
  }
  return bindings;
}

}  // namespace zahl::frontend
