#include "compiler/frontend/network/refuse.h"

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

[[noreturn]] void refuse(const NodeName& node, std::string_view reason, std::string_view remedy,
                         const Rule* rule) {
  const LeftInFloat parts{{printable(node.name, 200), printable(node.type, 60)},
                          printable(reason, 600),
                          std::string(remedy),
                          false};
  throw Refusal(fmt::format("node '{}' ({}): {}; {}.", parts.node.name, parts.node.type,
                            parts.reason, remedy),
                parts, rule);
}

}  // namespace

void refuse(const NodeName& node, std::string_view reason, std::string_view remedy) {
  refuse(node, reason, remedy, nullptr);
}

void refuse_by(const Rule& rule, const NodeName& node, const std::vector<std::string>& filling) {
  auto next = filling.begin();
  const auto filled = [&](std::string_view sentence) {
    std::string result;
    for (size_t open; (open = sentence.find('{')) != std::string_view::npos;) {
      result.append(sentence.substr(0, open)).append(*next++);
      sentence.remove_prefix(sentence.find('}') + 1);
    }
    return result.append(sentence);
  };
  const std::string reason = filled(rule.reason), remedy = filled(rule.remedy);
  refuse(node, reason, remedy, &rule);
}

void refuse(std::string_view reason, std::string_view remedy) {
  const LeftInFloat parts{{}, printable(reason, 600), std::string(remedy), false};
  throw Refusal(fmt::format("{}; {}.", parts.reason, remedy), parts, nullptr);
}

}  // namespace zahl::frontend
