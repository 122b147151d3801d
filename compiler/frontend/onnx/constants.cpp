#include "compiler/frontend/onnx/constants.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace zahl::frontend {
namespace {

using onnx::TensorProto;
using Dims = std::vector<int64_t>;
using Folded = std::optional<OnnxTensor>;

OnnxTensor integers(std::vector<int64_t> values, Dims dims) {
  return {.type = TensorProto::INT64,
          .dims = std::move(dims),
          .integers = std::move(values),
          .floats = {}};
}

OnnxTensor list(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return integers(std::move(values), {count});
}

OnnxTensor reals(std::vector<float> values, Dims dims) {
  return {.type = TensorProto::FLOAT,
          .dims = std::move(dims),
          .integers = {},
          .floats = std::move(values)};
}

Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

int64_t product(const Dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

// The element of `x` that `source` names for each index of `dims`.
template <typename Source>
OnnxTensor picked(const OnnxTensor& x, const Dims& dims, Source&& source) {
  OnnxTensor y{.type = x.type, .dims = dims, .integers = {}, .floats = {}};
  Dims index(dims.size(), 0);
  for (int64_t i = product(dims); i > 0; --i) {
    const auto from = static_cast<size_t>(source(index));
    if (x.is_float())
      y.floats.push_back(x.floats[from]);
    else
      y.integers.push_back(x.integers[from]);
    for (size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
  return y;
}

// An axis counted from either end.
std::optional<size_t> axis_of(int64_t axis, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  if (axis < -count || axis >= count) return std::nullopt;
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

std::optional<std::vector<bool>> named_axes(const Dims& axes, size_t rank) {
  std::vector<bool> named(rank, false);
  for (int64_t a : axes) {
    const auto axis = axis_of(a, rank);
    if (!axis || named[*axis]) return std::nullopt;
    named[*axis] = true;
  }
  return named;
}

class Folder {
 public:
  Folder(const OnnxGraph& graph, const OnnxNode& node, const DimsOf& dims_of)
      : graph_(graph), node_(node), dims_of_(dims_of) {}

  std::vector<OnnxTensor> fold() const {
    if (!node_.domain().empty() && node_.domain() != "ai.onnx") return {};
    if (type() == "Split") return split();
    auto value = fold_one();
    return value ? std::vector<OnnxTensor>{std::move(*value)} : std::vector<OnnxTensor>();
  }

 private:
  const std::string& type() const { return node_.type(); }

  // An operand that is a constant with all its data.
  const OnnxTensor* find(size_t input) const {
    const auto it = graph_.constants.find(node_.input(input));
    if (it == graph_.constants.end()) return nullptr;
    return it->second.size() == static_cast<size_t>(product(it->second.dims)) ? &it->second
                                                                              : nullptr;
  }

  // Integers of an operand or, in old opsets, of an attribute; `is_known` is false where they are
  // computed.
  struct Integers {
    bool is_known = true;
    std::optional<Dims> values{};
  };
  Integers integers_of(size_t input, const char* attribute) const {
    if (node_.has(attribute)) return {true, node_.integers(attribute, {})};
    if (node_.input(input).empty()) return {true, std::nullopt};
    const OnnxTensor* x = find(input);
    if (!x || x->is_float()) return {false, std::nullopt};
    return {true, x->integers};
  }

  Folded fold_one() const {
    if (type() == "Constant") return constant();
    if (type() == "Shape" || type() == "Size") return shape();
    const OnnxTensor* x = find(0);
    if (!x) return std::nullopt;
    static const std::map<std::string_view, Folded (Folder::*)(const OnnxTensor&) const> kMoves = {
        {"Identity", &Folder::same},          {"Reshape", &Folder::reshape},
        {"Flatten", &Folder::flatten},        {"Squeeze", &Folder::squeeze},
        {"Unsqueeze", &Folder::unsqueeze},    {"Transpose", &Folder::transpose},
        {"Gather", &Folder::gather},          {"GatherElements", &Folder::gather_elements},
        {"Concat", &Folder::concat},          {"Slice", &Folder::slice},
        {"Expand", &Folder::expand},          {"Tile", &Folder::tile},
        {"ConstantOfShape", &Folder::filled}, {"Range", &Folder::range},
        {"ReduceProd", &Folder::reduce},      {"ReduceSum", &Folder::reduce},
        {"ReduceMax", &Folder::reduce},       {"ReduceMin", &Folder::reduce},
    };
    if (const auto move = kMoves.find(type()); move != kMoves.end())
      return (this->*move->second)(*x);
    std::vector<const OnnxTensor*> operands;
    for (size_t i = 0; i < node_.inputs(); ++i) {
      operands.push_back(find(i));
      if (!operands.back()) return std::nullopt;
    }
    return fold_elements(node_, operands);
  }

  Folded constant() const {
    if (const auto* proto = node_.tensor("value")) return parse_tensor(node_.name(), *proto);
    if (node_.has("value_int")) return integers({node_.integer("value_int", 0)}, {});
    if (node_.has("value_ints")) return list(node_.integers("value_ints", {}));
    if (node_.has("value_float")) return reals({node_.real("value_float", 0)}, {});
    if (node_.has("value_floats")) {
      auto values = node_.reals("value_floats");
      const auto count = static_cast<int64_t>(values.size());
      return reals(std::move(values), {count});
    }
    if (node_.has("sparse_value")) {
      refuse(node_.name(), "its constant is sparse", "write it as a dense tensor");
    }
    return std::nullopt;
  }

  Folded shape() const {
    const auto dims = dims_of_(node_.input(0));
    if (!dims) return std::nullopt;
    if (type() == "Size") return integers({product(*dims)}, {});
    const auto rank = static_cast<int64_t>(dims->size());
    const auto bound = [&](const char* name, int64_t otherwise) {
      const int64_t at = node_.integer(name, otherwise);
      return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    const int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
    return list({dims->begin() + start, dims->begin() + end});
  }

  Folded same(const OnnxTensor& x) const { return x; }

  static Folded with_dims(const OnnxTensor& x, Dims dims) {
    if (product(dims) != product(x.dims)) return std::nullopt;
    OnnxTensor y = x;
    y.dims = std::move(dims);
    return y;
  }

  Folded reshape(const OnnxTensor& x) const {
    const Integers wanted = integers_of(1, "shape");
    if (!wanted.values) return std::nullopt;
    Dims dims = *wanted.values;
    std::optional<size_t> open;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0 && node_.integer("allowzero", 0) == 0 && i < x.dims.size())
        dims[i] = x.dims[i];
      if (dims[i] == -1 && !open) {
        open = i;
        dims[i] = 1;
      }
      if (dims[i] < 0) return std::nullopt;
    }
    const auto count = folded_elements(dims);
    if (!count) return std::nullopt;
    if (open && *count > 0) dims[*open] = product(x.dims) / *count;
    return with_dims(x, dims);
  }

  Folded flatten(const OnnxTensor& x) const {
    const auto rank = static_cast<int64_t>(x.dims.size());
    int64_t axis = node_.integer("axis", 1);
    axis = std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
    return with_dims(x, {product({x.dims.begin(), x.dims.begin() + axis}),
                         product({x.dims.begin() + axis, x.dims.end()})});
  }

  Folded squeeze(const OnnxTensor& x) const {
    const Integers axes = integers_of(1, "axes");
    const auto named = named_axes(axes.values.value_or(Dims()), x.dims.size());
    if (!axes.is_known || !named) return std::nullopt;
    Dims dims;
    for (size_t i = 0; i < x.dims.size(); ++i) {
      if (axes.values ? !(*named)[i] : x.dims[i] != 1) dims.push_back(x.dims[i]);
    }
    return with_dims(x, std::move(dims));
  }

  Folded unsqueeze(const OnnxTensor& x) const {
    const Integers axes = integers_of(1, "axes");
    if (!axes.values) return std::nullopt;
    const auto named = named_axes(*axes.values, x.dims.size() + axes.values->size());
    if (!named) return std::nullopt;
    Dims dims;
    size_t next = 0;
    for (bool is_new : *named) dims.push_back(is_new ? 1 : x.dims[next++]);
    return with_dims(x, std::move(dims));
  }

  Folded transpose(const OnnxTensor& x) const {
    Dims order(x.dims.size());
    std::iota(order.rbegin(), order.rend(), 0);
    order = node_.integers("perm", order);
    const auto named = named_axes(order, x.dims.size());
    if (!named || order.size() != x.dims.size()) return std::nullopt;
    const Dims strides = strides_of(x.dims);
    Dims dims, steps;
    for (int64_t a : order) {
      const auto axis = static_cast<size_t>(*axis_of(a, x.dims.size()));
      dims.push_back(x.dims[axis]);
      steps.push_back(strides[axis]);
    }
    return picked(x, dims, [&](const Dims& index) {
      return std::inner_product(index.begin(), index.end(), steps.begin(), int64_t{0});
    });
  }

  Folded gather(const OnnxTensor& x) const {
    const OnnxTensor* indices = find(1);
    const auto axis = axis_of(node_.integer("axis", 0), x.dims.size());
    if (!indices || indices->is_float() || !axis || !fit(indices->integers, x.dims[*axis]))
      return std::nullopt;
    const auto split = x.dims.begin() + static_cast<std::ptrdiff_t>(*axis);
    Dims dims(x.dims.begin(), split);
    dims.insert(dims.end(), indices->dims.begin(), indices->dims.end());
    dims.insert(dims.end(), split + 1, x.dims.end());
    if (!folded_elements(dims)) return std::nullopt;
    const Dims strides = strides_of(x.dims), of_indices = strides_of(indices->dims);
    return picked(x, dims, [&](const Dims& index) {
      int64_t at = 0, which = 0;
      for (size_t i = 0; i < index.size(); ++i) {
        if (i < *axis)
          at += index[i] * strides[i];
        else if (i < *axis + of_indices.size())
          which += index[i] * of_indices[i - *axis];
        else
          at += index[i] * strides[i + 1 - of_indices.size()];
      }
      return at +
             wrapped(indices->integers[static_cast<size_t>(which)], x.dims[*axis]) * strides[*axis];
    });
  }

  Folded gather_elements(const OnnxTensor& x) const {
    const OnnxTensor* indices = find(1);
    const auto axis = axis_of(node_.integer("axis", 0), x.dims.size());
    if (!indices || indices->is_float() || !axis || indices->dims.size() != x.dims.size() ||
        !fit(indices->integers, x.dims[*axis]))
      return std::nullopt;
    for (size_t i = 0; i < x.dims.size(); ++i) {
      if (i != *axis && indices->dims[i] > x.dims[i]) return std::nullopt;
    }
    const Dims strides = strides_of(x.dims), of_indices = strides_of(indices->dims);
    return picked(x, indices->dims, [&](const Dims& index) {
      const auto which =
          std::inner_product(index.begin(), index.end(), of_indices.begin(), int64_t{0});
      int64_t at =
          wrapped(indices->integers[static_cast<size_t>(which)], x.dims[*axis]) * strides[*axis];
      for (size_t i = 0; i < index.size(); ++i) at += i == *axis ? 0 : index[i] * strides[i];
      return at;
    });
  }

  static bool fit(const std::vector<int64_t>& indices, int64_t size) {
    return std::ranges::all_of(indices, [&](int64_t i) { return i >= -size && i < size; });
  }
  static int64_t wrapped(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

  Folded concat(const OnnxTensor& first) const {
    const auto axis = axis_of(node_.integer("axis", 0), first.dims.size());
    if (!axis) return std::nullopt;
    std::vector<const OnnxTensor*> parts;
    OnnxTensor y{.type = first.type, .dims = first.dims, .integers = {}, .floats = {}};
    y.dims[*axis] = 0;
    for (size_t i = 0; i < node_.inputs(); ++i) {
      const OnnxTensor* part = find(i);
      if (!part || part->type != first.type || part->dims.size() != first.dims.size())
        return std::nullopt;
      for (size_t a = 0; a < first.dims.size(); ++a) {
        if (a != *axis && part->dims[a] != first.dims[a]) return std::nullopt;
      }
      y.dims[*axis] += part->dims[*axis];
      parts.push_back(part);
    }
    const auto split = first.dims.begin() + static_cast<std::ptrdiff_t>(*axis);
    const int64_t outer = product({first.dims.begin(), split});
    const int64_t inner = product({split + 1, first.dims.end()});
    const auto append = [](auto& to, const auto& from, int64_t index, int64_t run) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(index * run);
      to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(run));
    };
    for (int64_t o = 0; o < outer; ++o) {
      for (const OnnxTensor* part : parts) {
        const int64_t run = inner * part->dims[*axis];
        y.is_float() ? append(y.floats, part->floats, o, run)
                     : append(y.integers, part->integers, o, run);
      }
    }
    return y;
  }

  struct Span {
    int64_t begin = 0, count = 0, step = 1;
  };
  static OnnxTensor cut(const OnnxTensor& x, const std::vector<Span>& spans) {
    const Dims strides = strides_of(x.dims);
    Dims dims;
    for (const Span& span : spans) dims.push_back(span.count);
    return picked(x, dims, [&](const Dims& index) {
      int64_t at = 0;
      for (size_t i = 0; i < index.size(); ++i)
        at += (spans[i].begin + index[i] * spans[i].step) * strides[i];
      return at;
    });
  }
  static std::vector<Span> whole(const OnnxTensor& x) {
    std::vector<Span> spans;
    for (int64_t d : x.dims) spans.push_back({0, d, 1});
    return spans;
  }

  Folded slice(const OnnxTensor& x) const {
    const Integers starts = integers_of(1, "starts"), ends = integers_of(2, "ends");
    const Integers axes = integers_of(3, "axes"), steps = integers_of(4, "steps");
    if (!starts.values || !ends.values || !axes.is_known || !steps.is_known) return std::nullopt;
    const size_t count = starts.values->size();
    Dims every(count);
    std::iota(every.begin(), every.end(), 0);
    const Dims along = axes.values.value_or(every), by = steps.values.value_or(Dims(count, 1));
    if (ends.values->size() != count || along.size() != count || by.size() != count)
      return std::nullopt;
    std::vector<Span> spans = whole(x);
    for (size_t i = 0; i < count; ++i) {
      const auto axis = axis_of(along[i], x.dims.size());
      constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
      const int64_t step = std::clamp(by[i], -kFar, kFar);
      if (!axis || step == 0) return std::nullopt;
      const int64_t size = x.dims[*axis];
      const auto bound = [&](int64_t at) {
        at = at < 0 ? std::max(at, -2 * kFar) + size : at;
        return step > 0 ? std::clamp<int64_t>(at, 0, size) : std::clamp<int64_t>(at, -1, size - 1);
      };
      const int64_t begin = bound((*starts.values)[i]), end = bound((*ends.values)[i]);
      const int64_t length = step > 0 ? end - begin : begin - end;
      spans[*axis] = {begin, std::max<int64_t>(0, (length + std::abs(step) - 1) / std::abs(step)),
                      step};
    }
    return cut(x, spans);
  }

  std::vector<OnnxTensor> split() const {
    const OnnxTensor* x = find(0);
    if (!x) return {};
    const auto axis = axis_of(node_.integer("axis", 0), x->dims.size());
    const Integers stated = integers_of(1, "split");
    if (!axis || !stated.is_known) return {};
    const auto parts = static_cast<int64_t>(node_.outputs());
    const int64_t size = x->dims[*axis], share = (size + parts - 1) / parts;
    Dims sizes;
    for (int64_t i = 0; i < parts; ++i)
      sizes.push_back(std::clamp<int64_t>(size - i * share, 0, share));
    if (stated.values) sizes = *stated.values;
    if (static_cast<int64_t>(sizes.size()) != parts ||
        std::ranges::any_of(sizes, [&](int64_t s) { return s < 0 || s > size; }) ||
        std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) != size)
      return {};
    std::vector<OnnxTensor> results;
    std::vector<Span> spans = whole(*x);
    spans[*axis].begin = 0;
    for (int64_t s : sizes) {
      spans[*axis].count = s;
      results.push_back(cut(*x, spans));
      spans[*axis].begin += s;
    }
    return results;
  }

  Folded expand(const OnnxTensor& x) const {
    const OnnxTensor* wanted = find(1);
    if (!wanted || wanted->is_float()) return std::nullopt;
    const auto dims = broadcast_dims(x.dims, wanted->integers);
    if (!dims || !folded_elements(*dims)) return std::nullopt;
    return repeated(x, *dims);
  }

  Folded tile(const OnnxTensor& x) const {
    const OnnxTensor* times = find(1);
    if (!times || times->is_float() || times->integers.size() != x.dims.size()) return std::nullopt;
    Dims dims;
    for (size_t i = 0; i < x.dims.size(); ++i) {
      const int64_t t = times->integers[i];
      if (t < 0 || t > (int64_t{1} << 24)) return std::nullopt;
      dims.push_back(x.dims[i] * t);
    }
    if (!folded_elements(dims)) return std::nullopt;
    const Dims strides = strides_of(x.dims);
    return picked(x, dims, [&](const Dims& index) {
      int64_t at = 0;
      for (size_t i = 0; i < index.size(); ++i) at += index[i] % x.dims[i] * strides[i];
      return at;
    });
  }

  Folded filled(const OnnxTensor& dims) const {
    if (dims.is_float() || !folded_elements(dims.integers)) return std::nullopt;
    OnnxTensor value = reals({0.0f}, {1});
    if (const auto* proto = node_.tensor("value")) value = parse_tensor(node_.name(), *proto);
    if (value.size() != 1) return std::nullopt;
    return picked(value, dims.integers, [](const Dims&) { return 0; });
  }

  Folded range(const OnnxTensor& start) const {
    const OnnxTensor *limit = find(1), *delta = find(2);
    if (!limit || !delta || start.is_float() || limit->is_float() || delta->is_float() ||
        start.size() != 1 || limit->size() != 1 || delta->size() != 1)
      return std::nullopt;
    constexpr int64_t kFar = int64_t{1} << 31;
    const int64_t from = start.integers[0], to = limit->integers[0], by = delta->integers[0];
    if (by == 0 || std::max({from, to, by}) > kFar || std::min({from, to, by}) < -kFar)
      return std::nullopt;
    const int64_t span = by > 0 ? to - from : from - to;
    const int64_t count = std::max<int64_t>(0, (span + std::abs(by) - 1) / std::abs(by));
    if (!folded_elements({count})) return std::nullopt;
    OnnxTensor y{.type = start.type, .dims = {count}, .integers = {}, .floats = {}};
    for (int64_t i = 0; i < count; ++i) y.integers.push_back(from + i * by);
    return y;
  }

  // Of integers: the order of float sums is each framework's own.
  Folded reduce(const OnnxTensor& x) const {
    const Integers axes = integers_of(1, "axes");
    if (x.is_float() || !axes.is_known) return std::nullopt;
    const bool is_empty = !axes.values || axes.values->empty();
    if (is_empty && node_.integer("noop_with_empty_axes", 0) != 0) return x;
    auto named = named_axes(axes.values.value_or(Dims()), x.dims.size());
    if (!named) return std::nullopt;
    if (is_empty) named->assign(x.dims.size(), true);
    const Dims strides = strides_of(x.dims);
    Dims kept, steps, reduced, jumps, dims;
    for (size_t i = 0; i < x.dims.size(); ++i) {
      ((*named)[i] ? reduced : kept).push_back(x.dims[i]);
      ((*named)[i] ? jumps : steps).push_back(strides[i]);
      if (!(*named)[i] || node_.integer("keepdims", 1) != 0)
        dims.push_back((*named)[i] ? 1 : x.dims[i]);
    }
    const auto offsets = [](const Dims& sizes, const Dims& by) {
      Dims flat(static_cast<size_t>(product(sizes)));
      std::iota(flat.begin(), flat.end(), 0);
      for (int64_t& at : flat) {
        int64_t rest = at, sum = 0;
        for (size_t i = sizes.size(); i-- > 0; rest /= sizes[i]) sum += rest % sizes[i] * by[i];
        at = sum;
      }
      return flat;
    };
    const Dims inside = offsets(reduced, jumps);
    if (inside.empty()) return std::nullopt;
    OnnxTensor y{.type = x.type, .dims = dims, .integers = {}, .floats = {}};
    for (int64_t base : offsets(kept, steps)) {
      int64_t total = x.integers[static_cast<size_t>(base + inside.front())];
      for (size_t i = 1; i < inside.size(); ++i) {
        const int64_t v = x.integers[static_cast<size_t>(base + inside[i])];
        if (type() == "ReduceMax") total = std::max(total, v);
        if (type() == "ReduceMin") total = std::min(total, v);
        if (type() == "ReduceProd" && __builtin_mul_overflow(total, v, &total)) return std::nullopt;
        if (type() == "ReduceSum" && __builtin_add_overflow(total, v, &total)) return std::nullopt;
      }
      y.integers.push_back(total);
    }
    return y;
  }

  const OnnxGraph& graph_;
  const OnnxNode& node_;
  const DimsOf& dims_of_;
};

}  // namespace

std::optional<int64_t> folded_elements(const std::vector<int64_t>& dims) {
  constexpr int64_t kMost = int64_t{1} << 24;
  int64_t count = 1;
  bool is_empty = false;
  for (int64_t d : dims) {
    if (d < 0 || d > kMost) return std::nullopt;
    is_empty = is_empty || d == 0;
    count *= std::max<int64_t>(d, 1);
    if (count > kMost) return std::nullopt;
  }
  return is_empty ? 0 : count;
}

OnnxTensor repeated(const OnnxTensor& x, const std::vector<int64_t>& dims) {
  if (x.dims == dims) return x;
  const Dims strides = strides_of(x.dims);
  const size_t missing = dims.size() - x.dims.size();
  return picked(x, dims, [&](const Dims& index) {
    int64_t at = 0;
    for (size_t i = 0; i < x.dims.size(); ++i)
      at += x.dims[i] == 1 ? 0 : index[missing + i] * strides[i];
    return at;
  });
}

std::vector<OnnxTensor> fold(const OnnxGraph& graph, const OnnxNode& node, const DimsOf& dims_of) {
  return Folder(graph, node, dims_of).fold();
}

void fold_constants(OnnxGraph& graph) {
  const DimsOf nothing_computed = [](const std::string&) { return std::nullopt; };
  std::vector<OnnxNode> kept;
  for (const OnnxNode& node : graph.nodes) {
    std::vector<OnnxTensor> values = fold(graph, node, nothing_computed);
    if (values.empty()) {
      kept.push_back(node);
      continue;
    }
    for (size_t i = 0; i < std::min(values.size(), node.outputs()); ++i)
      graph.constants[node.output(i)] = std::move(values[i]);
  }
  graph.nodes = std::move(kept);
}

}  // namespace zahl::frontend
