#include "compiler/frontend/refuse.h"

#include <fmt/format.h>

#include <string>

#include "zahl/error.h"

namespace zahl::frontend {

namespace {

// Names come from the file and may hold anything; a message is one line of printable ASCII of bounded length.
std::string printable(std::string_view text, size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > limit ? result + "..." : result;
}

}  // namespace

void refuse(const NodeName& node, std::string_view reason, std::string_view remedy) {
  throw UserError(fmt::format("node '{}' ({}): {}; {}.", printable(node.name, 200), printable(node.type, 60),
                              printable(reason, 600), remedy));
}

void refuse(std::string_view reason, std::string_view remedy) {
  throw UserError(fmt::format("{}; {}.", printable(reason, 600), remedy));
}

}  // namespace zahl::frontend
