// How the frontend says no: every message is one sentence with node, operator, reason and remedy.
// load_model puts the file's name in front.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/error.h"

namespace zahl::frontend {

struct NodeName {
  std::string name;  // as in the user's file
  std::string type;  // the user's operator
};

// A node that cannot run on integers, and why. `remedy` completes "what would work: ...".
struct LeftInFloat {
  NodeName node;
  std::string reason{}, remedy{};
  bool follows = false;  // only because a node before or behind it is left
};

// One thing that an operator must be to run on integers. Its sentence is the message to the user
// whose file is otherwise, where names in braces are filled in, and the line of docs/operators.md.
struct Rule {
  std::string_view reason, remedy;
};

using RuleList = std::span<const Rule* const>;

// Lists of rules.
template <const Rule&... kEach>
inline constexpr std::array<const Rule*, sizeof...(kEach)> kRules = {&kEach...};

template <size_t... kSizes>
constexpr auto joined(const std::array<const Rule*, kSizes>&... lists) {
  std::array<const Rule*, (kSizes + ...)> all{};
  size_t next = 0;
  const auto append = [&](const auto& list) {
    for (const Rule* rule : list) all[next++] = rule;
  };
  (append(lists), ...);
  return all;
}

// What refuse() throws: the sentence for compile, its parts for explain, which goes on.
class Refusal : public UserError {
 public:
  Refusal(const std::string& sentence, LeftInFloat parts, const Rule* rule)
      : UserError(sentence), parts_(std::move(parts)), rule_(rule) {}
  const LeftInFloat& parts() const { return parts_; }

  // Called with the rules of the operator that refuses, innermost first.
  void look_up(RuleList rules) {
    if (is_looked_up_) return;
    is_looked_up_ = true;
    is_listed_ = std::ranges::find(rules, rule_) != rules.end();
  }
  // Whether the operator's row lists the rule; true of what is no operator's.
  bool is_listed() const { return is_listed_; }

 private:
  LeftInFloat parts_;
  const Rule* rule_;
  bool is_looked_up_ = false, is_listed_ = true;
};

// "node 'NAME' (TYPE): REASON; REMEDY."
[[noreturn]] void refuse(const NodeName& node, std::string_view reason, std::string_view remedy);

// "REASON; REMEDY." for what concerns no single node.
[[noreturn]] void refuse(std::string_view reason, std::string_view remedy);

// "node 'NAME' (TYPE): REASON; REMEDY." of the rule, its names in braces replaced in order.
[[noreturn]] void refuse_by(const Rule& rule, const NodeName& node,
                            const std::vector<std::string>& filling);
template <const Rule& kRule, typename... Args>
[[noreturn]] void refuse(const NodeName& node, const Args&... args) {
  static_assert(std::ranges::count(kRule.reason, '{') + std::ranges::count(kRule.remedy, '{') ==
                sizeof...(Args));
  refuse_by(kRule, node, {fmt::format("{}", args)...});
}

// What makes a float model work, by framework.
inline constexpr std::string_view kQuantizeOnnx =
    "quantize the model with onnxruntime.quantization.quantize_static, "
    "quant_format=QuantFormat.QDQ, int8 or uint8";
inline constexpr std::string_view kQuantizeTflite =
    "convert the model with tf.lite.TFLiteConverter, optimizations = [tf.lite.Optimize.DEFAULT], a "
    "representative_dataset and "
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]";

}  // namespace zahl::frontend
