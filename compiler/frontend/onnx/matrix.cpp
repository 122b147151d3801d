// Products of rows with a constant matrix.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/weights.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {
// Where each element of a row lies in memory, for rows whose bytes lie together in another order (a
// flattened feature map); empty where they lie in order or not together.
std::vector<int> places_in_memory(const OnnxContext& c, ValueId id) {
  const Value& value = c.network.value(id);
  if (!value.view || value.dims.empty() || !is_rearrangement(c.network, *value.view)) return {};
  std::vector<int64_t> places = {0};
  for (const auto& axis : value.view->dims.back()) {
    std::vector<int64_t> finer;
    for (int64_t place : places) {
      for (int64_t i = 0; i < axis.size; ++i) finer.push_back(place + i * axis.step);
    }
    places = std::move(finer);
  }
  View rows = *value.view;  // in order as a whole?
  rows.dims.back() = {{static_cast<int>(places.size()), 1}};
  std::vector<ir::Move::Axis> axes;
  for (const auto& own : rows.dims) axes.insert(axes.end(), own.begin(), own.end());
  if (ir::simplified({{}, {}, 0, axes}).axes.size() != 1 ||
      std::ranges::max(places) != static_cast<int64_t>(places.size()) - 1)
    return {};
  return {places.begin(), places.end()};
}

// The rows of such a value, each in the order of memory.
ValueId as_it_lies(OnnxContext& c, const OnnxNode& node, ValueId id) {
  Value value = c.network.value(id);
  const ValueId root = value.view->root;
  value.view.reset();
  value.order = plain_order(value.dims.size());
  const ValueId result = c.network.add(std::move(value));
  c.network.layers.push_back({node.name(), ReshapeLayer{root, result}});
  return result;
}

void read_matrix(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  const bool is_gemm = node.type() == "Gemm";
  const ValueId source = c.value_of(node, 0);
  const std::vector<int> places = places_in_memory(c, source);
  const auto order = plain_order(c.network.value(source).dims.size());
  ConvLayer layer{.input = places.empty() ? in_memory_order(c.network, node.name(), source, order)
                                          : as_it_lies(c, node, source)};
  layer.is_matrix = true;
  const QuantizedConstant& weights = c.weights_of(node, 1);
  const Value input = c.network.value(layer.input);
  std::vector<int64_t> matrix = weights.tensor->dims;
  int ahead = 0;  // axes of size one in front of the matrix's own
  while (!is_gemm && matrix.size() > 2 && matrix.size() <= input.dims.size() &&
         matrix.front() == 1) {
    matrix.erase(matrix.begin());
    ++ahead;
  }
  const bool is_transposed = is_gemm && node.integer("transB", 0) != 0;  // stored as output, input
  if (is_gemm && (node.integer("transA", 0) != 0 || node.real("alpha", 1) != 1.0f ||
                  (node.real("beta", 1) != 1.0f && !node.input(2).empty()))) {
    refuse<kPlainGemm>(node.name());
  }
  if (matrix.size() != 2 || input.dims.empty() ||
      input.dims.back() != matrix[is_transposed ? 1 : 0] || (is_gemm && input.dims.size() != 2)) {
    refuse<kRowsByMatrix>(node.name(), join(input.dims), join(matrix));
  }
  element_count(node.name(), matrix);
  const int64_t outputs = matrix[is_transposed ? 0 : 1], inputs = matrix[is_transposed ? 1 : 0];
  layer.out_channels = static_cast<int>(outputs);
  auto parts = read_weights(node, weights, is_transposed ? 0 : 1 + ahead, layer);
  const auto rows = static_cast<size_t>(outputs), columns = static_cast<size_t>(inputs);
  for (auto& part : parts) {
    const std::vector<int8_t> stored = part;
    for (size_t o = 0; o < rows; ++o) {
      for (size_t i = 0; i < columns; ++i) {
        const size_t place = places.empty() ? i : static_cast<size_t>(places[i]);
        part[o * columns + place] = is_transposed ? stored[o * columns + i] : stored[i * rows + o];
      }
    }
  }
  set_weights(c, node, parts, input.dims.size() - 1, order, layer);
  if (is_gemm && !node.input(2).empty()) add_bias(c, node, c.meaning_of(node, 2), layer);
  std::vector<int64_t> dims = input.dims;
  dims.back() = outputs;
  c.set_pending(node, std::move(layer), std::move(dims), order);
}

constexpr OnnxOperator kRows[] = {
    {"Gemm", read_matrix, "a product of rows", kGemmRules},
    {"MatMul", read_matrix, "a product of rows", kMatrixRules},
};

}  // namespace

std::span<const OnnxOperator> onnx_matrix_operators() { return kRows; }

}  // namespace zahl::frontend
