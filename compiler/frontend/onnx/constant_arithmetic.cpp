// Arithmetic of constants.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "compiler/frontend/onnx/constants.h"

namespace zahl::frontend {
namespace {

using onnx::TensorProto;

std::optional<std::pair<int64_t, int64_t>> range_of(int type) {
  switch (type) {
    case TensorProto::BOOL:
      return std::pair<int64_t, int64_t>{0, 1};
    case TensorProto::INT8:
      return std::pair<int64_t, int64_t>{-128, 127};
    case TensorProto::UINT8:
      return std::pair<int64_t, int64_t>{0, 255};
    case TensorProto::INT16:
      return std::pair<int64_t, int64_t>{-32768, 32767};
    case TensorProto::UINT16:
      return std::pair<int64_t, int64_t>{0, 65535};
    case TensorProto::INT32:
      return std::pair<int64_t, int64_t>{std::numeric_limits<int32_t>::min(),
                                         std::numeric_limits<int32_t>::max()};
    case TensorProto::INT64:
      return std::pair<int64_t, int64_t>{std::numeric_limits<int64_t>::min(),
                                         std::numeric_limits<int64_t>::max()};
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> modulo(int64_t a, int64_t b, bool is_truncated) {
  if (b == 0 || b == -1) return b == 0 ? std::nullopt : std::optional<int64_t>(0);
  const int64_t rest = a % b;
  return !is_truncated && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::optional<int64_t> of_two(const OnnxNode& node, int64_t a, int64_t b) {
  const std::string& type = node.type();
  int64_t result = 0;
  if (type == "Add" || type == "Sum")
    return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (type == "Sub")
    return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (type == "Mul")
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (type == "Div") {
    const bool overflows = b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min());
    return overflows ? std::nullopt : std::optional(a / b);
  }
  if (type == "Mod") return modulo(a, b, node.integer("fmod", 0) != 0);
  if (type == "Min") return std::min(a, b);
  if (type == "Max") return std::max(a, b);
  if (type == "And") return a & b;
  if (type == "Or") return a | b;
  return std::nullopt;
}

std::optional<float> of_two(const OnnxNode& node, float a, float b) {
  const std::string& type = node.type();
  if (type == "Add" || type == "Sum") return a + b;
  if (type == "Sub") return a - b;
  if (type == "Mul") return a * b;
  if (type == "Div") return a / b;
  if (type == "Mod" && node.integer("fmod", 0) != 0) return std::fmod(a, b);
  if (type == "Min") return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
  if (type == "Max") return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b);
  return std::nullopt;
}

template <typename T>
std::optional<bool> compared(const std::string& type, T a, T b) {
  if (type == "Equal") return a == b;
  if (type == "Greater") return a > b;
  if (type == "GreaterOrEqual") return a >= b;
  if (type == "Less") return a < b;
  if (type == "LessOrEqual") return a <= b;
  return std::nullopt;
}

template <typename T>
std::optional<T> of_one(const std::string& type, T x) {
  if (type == "Neg") return static_cast<T>(-x);
  if (type == "Abs") return x < 0 ? static_cast<T>(-x) : x;
  if constexpr (std::is_same_v<T, float>) {
    if (type == "Floor") return std::floor(x);
    if (type == "Ceil") return std::ceil(x);
    if (type == "Round") return std::nearbyint(x);
    if (type == "Sqrt") return std::sqrt(x);
    if (type == "Reciprocal") return 1.0f / x;
  } else if (type == "Not") {
    return x == 0;
  }
  return std::nullopt;
}

// Each element through `rule`; nothing where one has no result.
template <typename From, typename To, typename Rule>
bool through(const std::vector<From>& from, std::vector<To>& to, Rule&& rule) {
  to.reserve(from.size());
  for (From x : from) {
    const auto y = rule(x);
    if (!y) return false;
    to.push_back(static_cast<To>(*y));
  }
  return true;
}

std::optional<OnnxTensor> cast(const OnnxNode& node, const OnnxTensor& x) {
  OnnxTensor y{.type = static_cast<int>(node.integer("to", 0)),
               .dims = x.dims,
               .integers = {},
               .floats = {}};
  const auto range = range_of(y.type);
  if (!y.is_float() && !range) return std::nullopt;
  const bool is_truth = y.type == TensorProto::BOOL;
  const auto fitting = [&](int64_t v) -> std::optional<int64_t> {
    if (is_truth) return v != 0;
    return v < range->first || v > range->second ? std::nullopt : std::optional(v);
  };
  const auto truncated = [&](float v) -> std::optional<int64_t> {
    if (is_truth) return v != 0;
    if (!(std::abs(v) < 0x1p62f)) return std::nullopt;
    return fitting(static_cast<int64_t>(v));
  };
  bool is_whole = true;
  if (x.is_float() && y.is_float()) {
    y.floats = x.floats;
  } else if (y.is_float()) {
    y.floats.assign(x.integers.begin(), x.integers.end());
  } else {
    is_whole = x.is_float() ? through(x.floats, y.integers, truncated)
                            : through(x.integers, y.integers, fitting);
  }
  return is_whole ? std::optional(std::move(y)) : std::nullopt;
}

std::optional<OnnxTensor> one(const OnnxNode& node, const OnnxTensor& x) {
  if (node.type() == "Cast") return cast(node, x);
  OnnxTensor y{.type = x.type, .dims = x.dims, .integers = {}, .floats = {}};
  const auto range = range_of(x.type);
  const bool is_whole =
      x.is_float() ? through(x.floats, y.floats, [&](float v) { return of_one(node.type(), v); })
                   : through(x.integers, y.integers, [&](int64_t v) -> std::optional<int64_t> {
                       if (v == std::numeric_limits<int64_t>::min()) return std::nullopt;
                       const auto result = of_one(node.type(), v);
                       return result && *result >= range->first && *result <= range->second
                                  ? result
                                  : std::nullopt;
                     });
  return is_whole ? std::optional(std::move(y)) : std::nullopt;
}

std::optional<OnnxTensor> two(const OnnxNode& node, const OnnxTensor& a, const OnnxTensor& b) {
  const auto dims = broadcast_dims(a.dims, b.dims);
  if (a.type != b.type || !dims || !folded_elements(*dims)) return std::nullopt;
  const OnnxTensor x = repeated(a, *dims), y = repeated(b, *dims);
  OnnxTensor result{.type = a.type, .dims = *dims, .integers = {}, .floats = {}};
  if (compared(node.type(), 0, 0)) {
    result.type = TensorProto::BOOL;
    for (size_t i = 0; i < x.size(); ++i) {
      result.integers.push_back(x.is_float()
                                    ? *compared(node.type(), x.floats[i], y.floats[i])
                                    : *compared(node.type(), x.integers[i], y.integers[i]));
    }
    return result;
  }
  const auto range = range_of(a.type);
  for (size_t i = 0; i < x.size(); ++i) {
    if (x.is_float()) {
      const auto value = of_two(node, x.floats[i], y.floats[i]);
      if (!value) return std::nullopt;
      result.floats.push_back(*value);
    } else {
      const auto value = of_two(node, x.integers[i], y.integers[i]);
      if (!value || *value < range->first || *value > range->second) return std::nullopt;
      result.integers.push_back(*value);
    }
  }
  return result;
}

std::optional<OnnxTensor> chosen(const OnnxTensor& condition, const OnnxTensor& a,
                                 const OnnxTensor& b) {
  auto dims = broadcast_dims(a.dims, b.dims);
  if (dims) dims = broadcast_dims(*dims, condition.dims);
  if (!dims || a.type != b.type || condition.is_float() || !folded_elements(*dims))
    return std::nullopt;
  const OnnxTensor choice = repeated(condition, *dims);
  OnnxTensor result = repeated(a, *dims);
  const OnnxTensor other = repeated(b, *dims);
  for (size_t i = 0; i < choice.size(); ++i) {
    if (choice.integers[i] != 0) continue;
    if (result.is_float())
      result.floats[i] = other.floats[i];
    else
      result.integers[i] = other.integers[i];
  }
  return result;
}

}  // namespace

std::optional<std::vector<int64_t>> broadcast_dims(const std::vector<int64_t>& a,
                                                   const std::vector<int64_t>& b) {
  std::vector<int64_t> dims(std::max(a.size(), b.size()));
  for (size_t i = 0; i < dims.size(); ++i) {  // from the last axis
    const int64_t of_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t of_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (of_a != of_b && of_a != 1 && of_b != 1) return std::nullopt;
    dims[dims.size() - 1 - i] = of_a == 1 ? of_b : of_a;
  }
  return dims;
}

std::optional<OnnxTensor> fold_elements(const OnnxNode& node,
                                        const std::vector<const OnnxTensor*>& operands) {
  if (node.type() == "Where")
    return operands.size() == 3 ? chosen(*operands[0], *operands[1], *operands[2]) : std::nullopt;
  const bool takes_several = node.type() == "Min" || node.type() == "Max" || node.type() == "Sum";
  if (operands.size() == 1 && !takes_several) return one(node, *operands[0]);
  if (operands.size() != 2 && !takes_several) return std::nullopt;
  std::optional<OnnxTensor> result = *operands[0];
  for (size_t i = 1; i < operands.size() && result; ++i) result = two(node, *result, *operands[i]);
  return result;
}

}  // namespace zahl::frontend
