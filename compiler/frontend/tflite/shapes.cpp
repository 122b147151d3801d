#include "compiler/frontend/tflite/shapes.h"

#include <algorithm>
#include <numeric>

#include "compiler/frontend/tflite/checks.h"

namespace zahl::frontend {
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;
using tflite::TensorType;
using Integers = std::vector<int64_t>;
using Folded = std::optional<Integers>;

bool is_integer(const TfliteContext& c, int tensor) {
  const TensorType type = c.file.tensor(tensor).type();
  return type == TensorType::INT32 || type == TensorType::INT64;
}

Folded known(const TfliteContext& c, const Operator& op, size_t input) {
  if (input >= op.inputs.size() || op.inputs[input] < 0) return std::nullopt;
  const int tensor = op.inputs[input];
  if (const auto computed = c.integers.find(tensor); computed != c.integers.end())
    return computed->second;
  if (!is_integer(c, tensor) || !c.file.constant(op.node, tensor)) return std::nullopt;
  return c.file.integers(op.node, tensor);
}

std::optional<int64_t> of_two(BuiltinOperator code, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (code) {
    case BuiltinOperator::ADD:
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BuiltinOperator::SUB:
      return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BuiltinOperator::MUL:
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case BuiltinOperator::DIV:
      return b < 1 ? std::nullopt : std::optional(a / b);
    case BuiltinOperator::FLOOR_DIV:
      return b < 1 ? std::nullopt : std::optional(a / b - (a % b < 0 ? 1 : 0));
    case BuiltinOperator::FLOOR_MOD:
      return b < 1 ? std::nullopt : std::optional(a % b + (a % b < 0 ? b : 0));
    case BuiltinOperator::MAXIMUM:
      return std::max(a, b);
    case BuiltinOperator::MINIMUM:
      return std::min(a, b);
    default:
      return std::nullopt;
  }
}

Folded arithmetic(BuiltinOperator code, const Integers& a, const Integers& b) {
  if (a.size() != b.size() && a.size() != 1 && b.size() != 1) return std::nullopt;
  Integers result;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto value = of_two(code, a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

// Of one dimension.
Folded sliced(const Operator& op, const Integers& x, const Integers& begins, const Integers& ends,
              const Integers& steps) {
  const auto& o = options_of<tflite::StridedSliceOptions>(op);
  if (begins.size() != 1 || ends.size() != 1 || steps.size() != 1 || steps[0] < 1 ||
      o.ellipsis_mask() != 0 || o.new_axis_mask() != 0)
    return std::nullopt;
  const auto size = static_cast<int64_t>(x.size());
  const auto inside = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
  const int64_t begin = (o.begin_mask() & 1) != 0 ? 0 : inside(begins[0]);
  int64_t end = (o.end_mask() & 1) != 0 ? size : inside(ends[0]);
  if ((o.shrink_axis_mask() & 1) != 0) end = begin + 1;
  if (end > size) return std::nullopt;
  Integers result;
  for (int64_t i = begin; i < end; i += steps[0]) result.push_back(x[static_cast<size_t>(i)]);
  return result;
}

Folded gathered(const Integers& x, const Integers& indices) {
  Integers result;
  for (int64_t i : indices) {
    if (i < 0 || i >= static_cast<int64_t>(x.size())) return std::nullopt;
    result.push_back(x[static_cast<size_t>(i)]);
  }
  return result;
}

// One behind another; of more than one dimension only where that is their order.
Folded joined(const TfliteContext& c, const Operator& op, bool takes_rows) {
  Integers result;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    const Folded part = known(c, op, i);
    if (!part || (takes_rows ? c.file.dims(op.inputs[i]).size() > 1 : part->size() != 1))
      return std::nullopt;
    result.insert(result.end(), part->begin(), part->end());
  }
  return result;
}

Folded product(const Integers& x) {
  int64_t all = 1;
  for (int64_t v : x) {
    if (__builtin_mul_overflow(all, v, &all)) return std::nullopt;
  }
  return Integers{all};
}

Folded fold(TfliteContext& c, const Operator& op) {
  if (op.code == BuiltinOperator::SHAPE) {
    const auto value = c.values.find(op.inputs.empty() ? -1 : op.inputs[0]);
    if (value != c.values.end()) return c.network.value(value->second).dims;
    return op.inputs.empty() || op.inputs[0] < 0 ? std::nullopt : Folded(c.file.dims(op.inputs[0]));
  }
  if (op.code == BuiltinOperator::PACK) return joined(c, op, false);
  if (op.code == BuiltinOperator::CONCATENATION) return joined(c, op, true);
  const Folded x = known(c, op, 0), y = known(c, op, 1);
  if (!x) return std::nullopt;
  const bool is_list = c.file.dims(op.inputs[0]).size() <= 1;
  switch (op.code) {
    case BuiltinOperator::CAST:
    case BuiltinOperator::RESHAPE:
    case BuiltinOperator::SQUEEZE:
    case BuiltinOperator::EXPAND_DIMS:
      return x;
    case BuiltinOperator::REDUCE_PROD:
      return is_list ? product(*x) : std::nullopt;
    case BuiltinOperator::GATHER:
      return is_list && y ? gathered(*x, *y) : std::nullopt;
    case BuiltinOperator::SLICE: {
      const Folded size = known(c, op, 2);
      const auto count = static_cast<int64_t>(x->size());
      if (!is_list || !y || !size || y->size() != 1 || size->size() != 1 || (*y)[0] < 0 ||
          (*y)[0] > count)
        return std::nullopt;
      const int64_t rest = count - (*y)[0];
      Integers places(static_cast<size_t>((*size)[0] < 0 ? rest : std::min((*size)[0], rest)));
      std::iota(places.begin(), places.end(), (*y)[0]);
      return gathered(*x, places);
    }
    case BuiltinOperator::STRIDED_SLICE: {
      const Folded ends = known(c, op, 2), steps = known(c, op, 3);
      return is_list && y && ends && steps ? sliced(op, *x, *y, *ends, *steps) : std::nullopt;
    }
    default:
      return y ? arithmetic(op.code, *x, *y) : std::nullopt;
  }
}

}  // namespace

bool computes_shape(TfliteContext& c, const Operator& op) {
  if (op.outputs.size() != 1 || !is_integer(c, op.outputs[0])) return false;
  const Folded values = fold(c, op);
  if (!values ||
      static_cast<int64_t>(values->size()) != element_count(op.node, c.file.dims(op.outputs[0])))
    return false;
  c.integers[op.outputs[0]] = *values;
  return true;
}

std::optional<std::vector<int64_t>> target_of_reshape(const TfliteContext& c, const Operator& op,
                                                      int64_t elements) {
  Folded target = known(c, op, 1);
  if (!target) return std::nullopt;
  int64_t fixed = 1;
  for (int64_t d : *target) {
    if (d > 0 && __builtin_mul_overflow(fixed, d, &fixed)) return std::nullopt;
  }
  for (int64_t& d : *target) {
    if (d == -1) d = elements / fixed;
  }
  return target;
}

}  // namespace zahl::frontend
