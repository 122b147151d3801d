// Constant folding: what exporters write to compute shapes, done at compile time. Integers only.
#include <algorithm>

#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {
namespace {

OnnxTensor integers(std::vector<int64_t> values, std::vector<int64_t> dims) {
  return {.type = onnx::TensorProto::INT64,
          .dims = std::move(dims),
          .integers = std::move(values),
          .floats = {}};
}

class Folder {
 public:
  explicit Folder(OnnxGraph& graph) : graph_(graph) {}

  // The node's value, if it is constant.
  std::optional<OnnxTensor> fold(const OnnxNode& node) const {
    const std::string& type = node.type();
    if (!node.domain().empty() && node.domain() != "ai.onnx") return std::nullopt;
    if (type == "Constant") return constant(node);
    if (type == "Shape") return shape(node);
    const OnnxTensor* x = find(node.input(0));
    if (!x) return std::nullopt;
    if (type == "Identity") return *x;
    if (x->is_float()) return std::nullopt;
    if (type == "Cast" && node.integer("to", 0) == onnx::TensorProto::INT64)
      return integers(x->integers, x->dims);
    if (type == "Unsqueeze" || type == "Squeeze") {
      if (x->integers.size() != 1) return std::nullopt;
      return integers(x->integers,
                      type == "Unsqueeze" ? std::vector<int64_t>{1} : std::vector<int64_t>{});
    }
    if (type == "Gather") return gather(node, *x);
    if (type == "Concat") return concat(node);
    if (type == "Mul" || type == "Add" || type == "Sub") return arithmetic(node, *x);
    return std::nullopt;
  }

 private:
  const OnnxTensor* find(const std::string& name) const {
    const auto it = graph_.constants.find(name);
    return it == graph_.constants.end() ? nullptr : &it->second;
  }

  static std::optional<OnnxTensor> constant(const OnnxNode& node) {
    if (const auto* proto = node.tensor("value")) return parse_tensor(node.name(), *proto);
    if (node.has("value_int")) return integers({node.integer("value_int", 0)}, {});
    if (node.has("value_ints")) {
      auto values = node.integers("value_ints", {});
      const auto count = static_cast<int64_t>(values.size());
      return integers(std::move(values), {count});
    }
    if (node.has("value_float")) {
      return OnnxTensor{.type = onnx::TensorProto::FLOAT,
                        .dims = {},
                        .integers = {},
                        .floats = {node.real("value_float", 0)}};
    }
    return std::nullopt;
  }

  std::optional<OnnxTensor> shape(const OnnxNode& node) const {
    const auto known = graph_.shapes.find(node.input(0));
    if (known == graph_.shapes.end() || node.has("start") || node.has("end")) return std::nullopt;
    return integers(known->second, {static_cast<int64_t>(known->second.size())});
  }

  std::optional<OnnxTensor> gather(const OnnxNode& node, const OnnxTensor& x) const {
    const OnnxTensor* index = find(node.input(1));
    if (!index || index->integers.size() != 1 || x.dims.size() != 1 || node.integer("axis", 0) != 0)
      return std::nullopt;
    const auto count = static_cast<int64_t>(x.integers.size());
    const int64_t i = index->integers[0] < 0 ? index->integers[0] + count : index->integers[0];
    if (i < 0 || i >= count) return std::nullopt;
    return integers({x.integers[static_cast<size_t>(i)]}, index->dims);
  }

  std::optional<OnnxTensor> concat(const OnnxNode& node) const {
    std::vector<int64_t> values;
    for (size_t i = 0; i < node.inputs(); ++i) {
      const OnnxTensor* part = find(node.input(i));
      if (!part || part->is_float() || part->dims.size() != 1) return std::nullopt;
      values.insert(values.end(), part->integers.begin(), part->integers.end());
    }
    const auto count = static_cast<int64_t>(values.size());
    return integers(std::move(values), {count});
  }

  std::optional<OnnxTensor> arithmetic(const OnnxNode& node, const OnnxTensor& x) const {
    const OnnxTensor* y = find(node.input(1));
    constexpr int64_t kLimit = int64_t{1} << 31;
    if (!y || y->is_float() || x.integers.size() != 1 || y->integers.size() != 1)
      return std::nullopt;
    const int64_t a = x.integers[0], b = y->integers[0];
    if (std::abs(a) > kLimit || std::abs(b) > kLimit || a == INT64_MIN || b == INT64_MIN)
      return std::nullopt;
    return integers({node.type() == "Mul"   ? a * b
                     : node.type() == "Add" ? a + b
                                            : a - b},
                    std::max(x.dims, y->dims));
  }

  OnnxGraph& graph_;
};

}  // namespace

void fold_constants(OnnxGraph& graph) {
  const Folder folder(graph);
  std::vector<OnnxNode> kept;
  for (const OnnxNode& node : graph.nodes) {
    if (auto value = folder.fold(node)) {
      graph.constants[node.output()] = std::move(*value);
    } else {
      kept.push_back(node);
    }
  }
  graph.nodes = std::move(kept);
}

}  // namespace zahl::frontend
