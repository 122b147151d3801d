// Element-by-element nodes: functions of one byte, computed in float32 for each of the 256.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>

#include "compiler/frontend/onnx/reader.h"

namespace zahl::frontend {
namespace {

using Unary = std::function<float(float)>;

// The node as a function of one number, if it is one.
std::optional<Unary> unary(const OnnxNode& node, const Clamp& clip) {
  const std::string& type = node.type();
  const float alpha = node.real("alpha", type == "LeakyRelu"     ? 0.01f
                                         : type == "HardSigmoid" ? 0.2f
                                                                 : 1.0f);
  const float beta = node.real("beta", 0.5f);
  static const std::map<std::string, Unary> kPlain = {
      {"Relu", [](float x) { return x > 0 ? x : 0.0f; }},
      {"Sigmoid",
       [](float x) {
         return x >= 0 ? 1.0f / (1.0f + std::exp(-x)) : std::exp(x) / (1.0f + std::exp(x));
       }},
      {"Tanh", [](float x) { return std::tanh(x); }},
      {"HardSwish",
       [](float x) { return x * std::fmax(0.0f, std::fmin(1.0f, x * (1.0f / 6.0f) + 0.5f)); }},
      {"Softplus",
       [](float x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }},
      {"Softsign", [](float x) { return x / (1.0f + std::fabs(x)); }},
      {"Mish", [](float x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {"Erf", [](float x) { return std::erf(x); }},
      {"Exp", [](float x) { return std::exp(x); }},
      {"Sqrt", [](float x) { return std::sqrt(x); }},
      {"Abs", [](float x) { return std::fabs(x); }},
      {"Neg", [](float x) { return -x; }},
      {"Floor", [](float x) { return std::floor(x); }},
      {"Ceil", [](float x) { return std::ceil(x); }},
  };
  if (const auto plain = kPlain.find(type); plain != kPlain.end()) return plain->second;
  if (type == "Clip")
    return [clip](float x) { return std::fmin(std::fmax(x, clip.low), clip.high); };
  if (type == "LeakyRelu") return [alpha](float x) { return x >= 0 ? x : alpha * x; };
  if (type == "Elu") return [alpha](float x) { return x >= 0 ? x : alpha * std::expm1(x); };
  if (type == "HardSigmoid")
    return [alpha, beta](float x) { return std::fmax(0.0f, std::fmin(1.0f, alpha * x + beta)); };
  if (type == "Gelu" && node.text("approximate", "none") == "none") {
    return [](float x) { return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f)); };
  }
  return std::nullopt;
}

using Binary = std::function<float(float, float)>;

std::optional<Binary> binary(const std::string& type) {
  static const std::map<std::string, Binary> kAll = {
      {"Add", [](float a, float b) { return a + b; }},
      {"Sub", [](float a, float b) { return a - b; }},
      {"Mul", [](float a, float b) { return a * b; }},
      {"Div", [](float a, float b) { return a / b; }},
      {"Pow", [](float a, float b) { return std::pow(a, b); }},
      {"Min", [](float a, float b) { return std::fmin(a, b); }},
      {"Max", [](float a, float b) { return std::fmax(a, b); }},
      {"PRelu", [](float a, float b) { return a >= 0 ? a : a * b; }},
  };
  const auto it = kAll.find(type);
  return it == kAll.end() ? std::nullopt : std::optional(it->second);
}

// A constant of one element as a number.
std::optional<float> scalar(const Meaning& meaning) {
  if (const auto* real = std::get_if<FloatConstant>(&meaning)) {
    if (real->tensor->floats.size() == 1) return real->tensor->floats.front();
  }
  if (const auto* quantized = std::get_if<QuantizedConstant>(&meaning)) {
    if (quantized->tensor->integers.size() == 1) {
      return static_cast<float>(quantized->tensor->integers.front() -
                                quantized->zero_points.front()) *
             quantized->scales.front();
    }
  }
  return std::nullopt;
}

}  // namespace

// Rewrites the function over the value from which its root was made by a table.
bool OnnxReader::climb(Function& function) const {
  const auto parent = parents_.find(function.root);
  if (parent == parents_.end()) return false;
  Function higher{.root = parent->second.value, .values = {}, .names = {parent->second.name}};
  for (size_t i = 0; i < 256; ++i)
    higher.values[i] = function.values[static_cast<size_t>(parent->second.table[i] + 128)];
  higher.names.insert(higher.names.end(), function.names.begin(), function.names.end());
  function = std::move(higher);
  return true;
}

Clamp OnnxReader::clip_bounds(const OnnxNode& node) const {
  Clamp clamp;
  if (node.type() == "Relu") return {.low = 0};
  if (node.has("min")) clamp.low = node.real("min", clamp.low);
  if (node.has("max")) clamp.high = node.real("max", clamp.high);
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (node.input(i).empty()) continue;
    const auto bound = scalar(meaning_of(node, i));
    if (!bound)
      refuse(node.name(), fmt::format("its bound '{}' is not a constant", node.input(i)),
             "use constant bounds");
    (i == 1 ? clamp.low : clamp.high) = *bound;
  }
  if (std::isnan(clamp.low) || std::isnan(clamp.high))
    refuse(node.name(), "a bound is not a number", "use finite bounds");
  return clamp;
}

// Relu and Clip on a layer's result become its clamp: rounding is monotone, so clamping first or
// last is the same.
bool OnnxReader::clamp_pending(const OnnxNode& node) {
  const auto* pending = std::get_if<Pending>(&meaning_of(node, 0));
  if (!pending || (node.type() != "Relu" && node.type() != "Clip")) return false;
  const bool takes_clamp = pending->layer && std::visit(
                                                 [](const auto& l) {
                                                   return requires { l.clamp; };
                                                 },
                                                 pending->layer->kind);
  if (!takes_clamp) return false;
  Pending clamped = *pending;
  const Clamp more = clip_bounds(node);
  clamped.clamp.low = std::fmin(std::fmax(clamped.clamp.low, more.low), more.high);
  clamped.clamp.high = std::fmin(std::fmax(clamped.clamp.high, more.low), more.high);
  clamped.names.push_back(node.name().name);
  floats_.insert_or_assign(node.output(), std::move(clamped));
  return true;
}

bool OnnxReader::read_function(const OnnxNode& node) {
  const bool is_clip = node.type() == "Clip";
  const auto of_one = unary(node, is_clip ? clip_bounds(node) : Clamp{});
  const auto of_two = binary(node.type());
  if (!of_one && !of_two) return false;
  const size_t operands = of_one ? 1 : 2;
  if (!of_one && node.inputs() != 2)
    refuse(node.name(), fmt::format("it has {} inputs", node.inputs()), "use two");
  if (of_one && clamp_pending(node)) return true;

  std::vector<std::optional<float>> numbers(operands);
  std::vector<std::optional<Function>> functions(operands);
  for (size_t i = 0; i < operands; ++i) {
    const Meaning& meaning = meaning_of(node, i);
    numbers[i] = scalar(meaning);
    if (const auto* function = std::get_if<Function>(&meaning)) functions[i] = *function;
    if (const auto* quantized = std::get_if<Quantized>(&meaning))
      functions[i] = function_of(quantized->value);
    if (!numbers[i] && !functions[i]) {
      if (of_two) return false;  // a layer, or refused there
      refuse(node.name(), fmt::format("its input '{}' is not quantized", node.input(i)), kSurround);
    }
  }
  Function result{};
  if (of_one) {
    if (!functions[0])
      refuse(node.name(), "its input is a constant", "fold constants before quantizing");
    result = *functions[0];
    for (float& v : result.values) v = (*of_one)(v);
  } else if (functions[0] && functions[1]) {
    // Both must be functions of the same bytes; an operand may have to be traced back through
    // tables to see it.
    Function a = *functions[0];
    bool meets = false;
    do {
      Function b = *functions[1];
      do {
        if ((meets = a.root == b.root)) {
          for (size_t i = 0; i < 256; ++i) a.values[i] = (*of_two)(a.values[i], b.values[i]);
          a.names.insert(a.names.end(), b.names.begin(), b.names.end());
          result = a;
        }
      } while (!meets && climb(b));
    } while (!meets && climb(a));
    if (!meets) return false;
  } else if (functions[0] || functions[1]) {
    result = functions[0] ? *functions[0] : *functions[1];
    for (float& v : result.values)
      v = functions[0] ? (*of_two)(v, *numbers[1]) : (*of_two)(*numbers[0], v);
  } else {
    refuse(node.name(), "both operands are constants", "fold constants before quantizing");
  }
  result.names.push_back(node.name().name);
  floats_.insert_or_assign(node.output(), std::move(result));
  return true;
}

}  // namespace zahl::frontend
