// Element-by-element nodes: functions of one byte, computed in float32 for each of the 256.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "compiler/frontend/onnx/eltwise.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

using Unary = std::function<float(float)>;

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

// Rewrites the function over the value from which its root was made by a table.
bool climb(const OnnxContext& c, Function& function) {
  const auto parent = c.parents.find(function.root);
  if (parent == c.parents.end()) return false;
  Function higher{.root = parent->second.value,
                  .values = {},
                  .names = {parent->second.name},
                  .moves = function.moves};
  for (size_t i = 0; i < 256; ++i)
    higher.values[i] = function.values[static_cast<size_t>(parent->second.table[i] + 128)];
  higher.names.insert(higher.names.end(), function.names.begin(), function.names.end());
  function = std::move(higher);
  return true;
}

Clamp clip_bounds(OnnxContext& c, const OnnxNode& node) {
  Clamp clamp;
  if (node.type() == "Relu") return {.low = 0};
  if (node.has("min")) clamp.low = node.real("min", clamp.low);
  if (node.has("max")) clamp.high = node.real("max", clamp.high);
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (node.input(i).empty()) continue;
    const auto bound = scalar(c.meaning_of(node, i));
    if (!bound) refuse<kConstantBound>(node.name(), node.input(i));
    (i == 1 ? clamp.low : clamp.high) = *bound;
  }
  if (std::isnan(clamp.low) || std::isnan(clamp.high)) refuse<kNumberBound>(node.name());
  return clamp;
}

// Relu and Clip on a layer's result become its clamp: rounding is monotone, so clamping first or
// last is the same.
bool clamp_pending(OnnxContext& c, const OnnxNode& node) {
  const auto* pending = std::get_if<Pending>(&c.meaning_of(node, 0));
  if (!pending || (node.type() != "Relu" && node.type() != "Clip")) return false;
  if (std::ranges::any_of(pending->moves, [](const Move& m) { return m.op->adds; })) return false;
  Pending clamped = *pending;
  const Clamp more = clip_bounds(c, node);
  const auto clip = [&](float& x) { x = std::fmin(std::fmax(x, more.low), more.high); };
  clip(clamped.clamp.low);
  clip(clamped.clamp.high);
  for (Move& move : clamped.moves) clip(move.filling);
  clamped.names.push_back(node.name().name);
  c.floats.insert_or_assign(node.output(), std::move(clamped));
  return true;
}

void refuse_computed(const OnnxNode& node, size_t input) {
  refuse<kQuantizedInput>(node.name(), node.input(input));
}

// Calls visit with each number that the function gives.
template <typename Visit>
void for_each_number(Function& function, Visit visit) {
  for (float& value : function.values) visit(value);
  for (Move& move : function.moves) visit(move.filling);
}

void set_function(OnnxContext& c, const OnnxNode& node, Function function) {
  function.names.push_back(node.name().name);
  c.floats.insert_or_assign(node.output(), std::move(function));
}

// An operand as a function of bytes, if it is one.
std::optional<Function> as_function(const OnnxContext& c, const Meaning& meaning) {
  if (const auto* function = std::get_if<Function>(&meaning)) return *function;
  if (const auto* quantized = std::get_if<Quantized>(&meaning))
    return function_of(c, quantized->value);
  return std::nullopt;
}

void read_unary(OnnxContext& c, const OnnxNode& node, const Unary& of) {
  const Meaning& meaning = c.meaning_of(node, 0);
  auto function = as_function(c, meaning);
  if (!function) {
    if (!scalar(meaning)) refuse_computed(node, 0);
    refuse<kFunctionOfData>(node.name());
  }
  for_each_number(*function, [&](float& x) { x = of(x); });
  set_function(c, node, std::move(*function));
}

bool are_moved_alike(const Function& a, const Function& b) {
  return std::ranges::equal(a.moves, b.moves, [](const Move& x, const Move& y) {
    return x.node == y.node && x.output == y.output;
  });
}

// Of two functions of the same bytes; an operand may have to be traced back through tables to see
// that they are.
std::optional<Function> combined(const OnnxContext& c, Function a, const Function& second,
                                 Binary of) {
  if (!are_moved_alike(a, second)) return std::nullopt;
  do {
    Function b = second;
    do {
      if (a.root != b.root) continue;
      for (size_t i = 0; i < 256; ++i) a.values[i] = of(a.values[i], b.values[i]);
      for (size_t i = 0; i < a.moves.size(); ++i)
        a.moves[i].filling = of(a.moves[i].filling, b.moves[i].filling);
      a.names.insert(a.names.end(), b.names.begin(), b.names.end());
      return a;
    } while (climb(c, b));
  } while (climb(c, a));
  return std::nullopt;
}

}  // namespace

bool read_binary(OnnxContext& c, const OnnxNode& node, Binary of) {
  if (node.inputs() != 2) refuse<kTwoInputs>(node.name(), node.inputs());
  const Meaning &first = c.meaning_of(node, 0), &second = c.meaning_of(node, 1);
  const auto a = as_function(c, first), b = as_function(c, second);
  const auto x = scalar(first), y = scalar(second);
  if ((!a && !x) || (!b && !y)) return false;
  if (!a && !b) refuse<kOneComputed>(node.name());
  auto result = a && b ? combined(c, *a, *b, of) : a ? a : b;
  if (!result) return false;
  if (!a || !b) {
    for_each_number(*result, [&](float& v) { v = a ? of(v, *y) : of(*x, v); });
  }
  set_function(c, node, std::move(*result));
  return true;
}

namespace {

// The function of each row: of the number, and of the node where it has attributes.
template <auto kFunction>
void of_one(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  read_unary(c, node, [&](float x) {
    if constexpr (requires { kFunction(x, node); }) {
      return kFunction(x, node);
    } else {
      return kFunction(x);
    }
  });
}

template <auto kFunction>
void of_two(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  if (!read_binary(c, node, kFunction)) refuse<kInTable>(node.name());
}

// The same, or of two values.
template <auto kFunction>
void of_two_values(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (!read_binary(c, node, kFunction)) read_eltwise(c, node, op);
}

void read_clamp(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  if (clip_bytes(c, node)) return;
  const Clamp clip = clip_bounds(c, node);
  if (clamp_pending(c, node)) return;
  read_unary(c, node, [clip](float x) { return std::fmin(std::fmax(x, clip.low), clip.high); });
}

constexpr std::string_view kTable = "a table, or a part of one";
constexpr std::string_view kClamp = "the clamp of the layer before it, or a table";
constexpr std::string_view kEltwise = "an operation of two tensors; with a constant a table";

// Bytes as the numbers that they are, behind a graph input of bytes or a QuantizeLinear; a cast of
// real numbers changes nothing.
void read_cast(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  const int64_t to = node.integer("to", 0);
  if (to != onnx::TensorProto::FLOAT) {
    const std::string name = onnx::TensorProto_DataType_Name(static_cast<int>(to));
    refuse<kCastToFloat>(node.name(), name.empty() ? fmt::format("type {}", to) : name);
  }
  const std::string& source = node.input(0);
  const auto port = c.byte_inputs.find(source);
  if (port != c.byte_inputs.end() && !c.bytes.contains(source)) {
    const bool is_unsigned = port->second->type == onnx::TensorProto::UINT8;
    byte_input(c, source, {1.0f, is_unsigned ? -128 : 0, is_unsigned});
  }
  const auto bytes = c.bytes.find(source);
  if (bytes == c.bytes.end()) {
    const Meaning same = c.meaning_of(node, 0);
    c.floats.insert_or_assign(node.output(), same);
    return;
  }
  Function numbers{.root = bytes->second, .values = {}, .names = {}};
  const int label = c.network.value(bytes->second).is_unsigned ? 128 : 0;
  for (int q = -128; q < 128; ++q)
    numbers.values[static_cast<size_t>(q + 128)] = static_cast<float>(q + label);
  set_function(c, node, std::move(numbers));
}

constexpr OnnxOperator kRows[] = {
    {"Cast", read_cast, "a table, with the functions behind it", kCastRules},
    {"Relu", read_clamp, kClamp, kClipRules},
    {"Clip", read_clamp, kClamp, kClipRules},
    {"Add", of_two_values<[](float a, float b) { return a + b; }>, kEltwise, kAddRules},
    {"Sub", of_two_values<[](float a, float b) { return a - b; }>, kEltwise, kEltwiseRules},
    {"Mul", of_two_values<[](float a, float b) { return a * b; }>, kEltwise, kEltwiseRules},
    {"Div", of_two<[](float a, float b) { return a / b; }>, kTable, kTwoFunctionsRules},
    {"Pow", of_two<[](float a, float b) { return std::pow(a, b); }>, kTable, kTwoFunctionsRules},
    {"Sigmoid", of_one<[](float x) {
       return x >= 0 ? 1.0f / (1.0f + std::exp(-x)) : std::exp(x) / (1.0f + std::exp(x));
     }>,
     kTable, kFunctionRules},
    {"Tanh", of_one<[](float x) { return std::tanh(x); }>, kTable, kFunctionRules},
    {"HardSwish",
     of_one<[](float x) { return x * std::fmax(0.0f, std::fmin(1.0f, x * (1.0f / 6.0f) + 0.5f)); }>,
     kTable, kFunctionRules},
    {"Softplus", of_one<[](float x) {
       return (x > 0) ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
     }>,
     kTable, kFunctionRules},
    {"Softsign", of_one<[](float x) { return x / (1.0f + std::fabs(x)); }>, kTable, kFunctionRules},
    {"Mish", of_one<[](float x) { return x * std::tanh(std::log1p(std::exp(x))); }>, kTable,
     kFunctionRules},
    {"Erf", of_one<[](float x) { return std::erf(x); }>, kTable, kFunctionRules},
    {"Exp", of_one<[](float x) { return std::exp(x); }>, kTable, kFunctionRules},
    {"Sqrt", of_one<[](float x) { return std::sqrt(x); }>, kTable, kFunctionRules},
    {"Abs", of_one<[](float x) { return std::fabs(x); }>, kTable, kFunctionRules},
    {"Neg", of_one<[](float x) { return -x; }>, kTable, kFunctionRules},
    {"Floor", of_one<[](float x) { return std::floor(x); }>, kTable, kFunctionRules},
    {"Ceil", of_one<[](float x) { return std::ceil(x); }>, kTable, kFunctionRules},
    {"LeakyRelu", of_one<[](float x, const OnnxNode& node) {
       return x >= 0 ? x : node.real("alpha", 0.01f) * x;
     }>,
     kTable, kFunctionRules},
    {"Elu", of_one<[](float x, const OnnxNode& node) {
       return x >= 0 ? x : node.real("alpha", 1) * std::expm1(x);
     }>,
     kTable, kFunctionRules},
    {"HardSigmoid", of_one<[](float x, const OnnxNode& node) {
       const float line = node.real("alpha", 0.2f) * x + node.real("beta", 0.5f);
       return std::fmax(0.0f, std::fmin(1.0f, line));
     }>,
     kTable, kFunctionRules},
    {"Gelu", of_one<[](float x, const OnnxNode& node) {
       const float cubic = 0.7978845608f * (x + 0.044715f * x * x * x);
       return node.text("approximate", "none") == "tanh"
                  ? 0.5f * x * (1.0f + std::tanh(cubic))
                  : 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f));
     }>,
     kTable, kFunctionRules, nullptr, true},
    {"QuickGelu", of_one<[](float x, const OnnxNode& node) {
       return x / (1.0f + std::exp(-node.real("alpha", 1.702f) * x));
     }>,
     kTable, kFunctionRules, nullptr, true},
    {"Selu", of_one<[](float x, const OnnxNode& node) {
       const float alpha = node.real("alpha", 1.67326319f), gamma = node.real("gamma", 1.05070102f);
       return gamma * ((x > 0) ? x : alpha * std::expm1(x));
     }>,
     kTable, kFunctionRules},
    {"Celu", of_one<[](float x, const OnnxNode& node) {
       const float alpha = node.real("alpha", 1);
       return std::fmax(0.0f, x) + std::fmin(0.0f, alpha * std::expm1(x / alpha));
     }>,
     kTable, kFunctionRules},
    {"ThresholdedRelu",
     of_one<[](float x, const OnnxNode& node) { return (x > node.real("alpha", 1)) ? x : 0.0f; }>,
     kTable, kFunctionRules},
    {"Shrink", of_one<[](float x, const OnnxNode& node) {
       const float lambda = node.real("lambd", 0.5f), bias = node.real("bias", 0);
       return x < -lambda ? x + bias : (x > lambda) ? x - bias : 0.0f;
     }>,
     kTable, kFunctionRules},
    {"Reciprocal", of_one<[](float x) { return 1.0f / x; }>, kTable, kFunctionRules},
    {"Round", of_one<[](float x) { return std::nearbyint(x); }>, kTable, kFunctionRules},
    {"Sign", of_one<[](float x) { return static_cast<float>((x > 0) - (x < 0)); }>, kTable,
     kFunctionRules},
    {"Log", of_one<[](float x) { return std::log(x); }>, kTable, kFunctionRules},
    {"Sin", of_one<[](float x) { return std::sin(x); }>, kTable, kFunctionRules},
    {"Cos", of_one<[](float x) { return std::cos(x); }>, kTable, kFunctionRules},
    {"Tan", of_one<[](float x) { return std::tan(x); }>, kTable, kFunctionRules},
    {"Asin", of_one<[](float x) { return std::asin(x); }>, kTable, kFunctionRules},
    {"Acos", of_one<[](float x) { return std::acos(x); }>, kTable, kFunctionRules},
    {"Atan", of_one<[](float x) { return std::atan(x); }>, kTable, kFunctionRules},
    {"Sinh", of_one<[](float x) { return std::sinh(x); }>, kTable, kFunctionRules},
    {"Cosh", of_one<[](float x) { return std::cosh(x); }>, kTable, kFunctionRules},
    {"Asinh", of_one<[](float x) { return std::asinh(x); }>, kTable, kFunctionRules},
    {"Acosh", of_one<[](float x) { return std::acosh(x); }>, kTable, kFunctionRules},
    {"Atanh", of_one<[](float x) { return std::atanh(x); }>, kTable, kFunctionRules},
};

}  // namespace

std::span<const OnnxOperator> onnx_function_operators() { return kRows; }

}  // namespace zahl::frontend
