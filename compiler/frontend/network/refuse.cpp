#include "compiler/frontend/network/refuse.h"

#include <fmt/format.h>

#include <string>

namespace zahl::frontend {

namespace {

// Names come from the file and may hold anything; a message is one line of printable ASCII of
// bounded length.
std::string printable(std::string_view text, size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > limit ? result + "..." : result;
}

}  // namespace

void refuse(const NodeName& node, std::string_view reason, std::string_view remedy) {
  const LeftInFloat parts{{printable(node.name, 200), printable(node.type, 60)},
                          printable(reason, 600),
                          std::string(remedy),
                          false};
  throw Refusal(fmt::format("node '{}' ({}): {}; {}.", parts.node.name, parts.node.type,
                            parts.reason, remedy),
                parts);
}

void refuse(std::string_view reason, std::string_view remedy) {
  const LeftInFloat parts{{}, printable(reason, 600), std::string(remedy), false};
  throw Refusal(fmt::format("{}; {}.", parts.reason, remedy), parts);
}

}  // namespace zahl::frontend
