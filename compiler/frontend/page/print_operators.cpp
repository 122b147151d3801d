// Prints docs/operators.md from the tables that the readers work by.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/frontend/onnx/read.h"
#include "compiler/frontend/tflite/read.h"
#include "compiler/integerize/rules.h"

namespace zahl::frontend {
namespace {

// Names in braces stand for what the message fills in.
std::string prose(std::string_view sentence) {
  std::string result;
  for (char c : sentence) {
    if (c == '{' && result.ends_with('*')) result += ' ';
    result += c == '{' || c == '}' ? '*' : c;
  }
  return result;
}

std::string sentence_of(const Rule& rule) {
  return fmt::format("{}; {}.", prose(rule.reason), prose(rule.remedy));
}

// "1 to 3, 5" of sorted numbers.
std::string spans(const std::vector<size_t>& numbers) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (last == i + 1) last = i;  // a pair is no span
    parts.push_back(i == last ? fmt::format("{}", numbers[i])
                              : fmt::format("{} to {}", numbers[i], numbers[last]));
    i = last + 1;
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void print_rules(RuleList rules) {
  for (size_t i = 0; i < rules.size(); ++i) fmt::print("{}. {}\n", i + 1, sentence_of(*rules[i]));
}

// One section a format: operators with the same rules and the same result stand together; then the
// rules, numbered in the order in which they come up.
void print(std::string_view title, const std::vector<OperatorLine>& lines) {
  fmt::print("\n## {}\n\n", title);
  std::vector<const Rule*> known;
  std::vector<std::string> rows;
  std::map<std::string, size_t> place;
  std::vector<std::string> names;
  for (const OperatorLine& line : lines) {
    std::vector<size_t> numbers;
    for (const Rule* rule : line.rules) {
      const auto at = std::ranges::find(known, rule);
      numbers.push_back(static_cast<size_t>(at - known.begin()) + 1);
      if (at == known.end()) known.push_back(rule);
    }
    std::ranges::sort(numbers);
    const std::string rules = numbers.empty() ? "" : " (rules " + spans(numbers) + ")";
    const std::string row = rules + ": " + line.becomes;
    const auto [at, is_new] = place.emplace(row, rows.size());
    if (is_new) {
      rows.push_back(row);
      names.push_back(fmt::format("`{}`", line.name));
    } else {
      names[at->second] += fmt::format(", `{}`", line.name);
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) fmt::print("- {}{}\n", names[i], rows[i]);
  fmt::print("\nRules:\n\n");
  print_rules(known);
}

}  // namespace
}  // namespace zahl::frontend

int main() {
  fmt::print(
      "# Operators\n\n"
      "What each operator becomes on the device, and what it may be refused for. The sentences are "
      "the messages; what stands in italics is filled in. This page is printed from the tables "
      "that "
      "the readers of files work by (`build/release/bin/print_operators`).\n");
  zahl::frontend::print("ONNX", zahl::frontend::lines_of_onnx());
  zahl::frontend::print("TFLite", zahl::frontend::lines_of_tflite());
  fmt::print("\n## Layers of both formats, once scales become integers\n\n");
  zahl::frontend::print_rules(zahl::integerize::kLayerRules);
}
