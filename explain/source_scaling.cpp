// Where each notation keeps a scale: in a pair of nodes, in an operand of a QLinear node, or at the
// tensor.
#include <map>

#include "explain/explanation.h"

namespace zahl::explain {
namespace {

using frontend::SourceNode;

std::optional<SourceScaling> of_operands(const SourceGraph& source, const SourceNode& node,
                                         size_t scale) {
  if (scale >= node.inputs.size() || node.inputs[scale] < 0) return std::nullopt;
  SourceScaling result{source.tensor(node.inputs[scale]).floats, {}};
  if (scale + 1 < node.inputs.size() && node.inputs[scale + 1] >= 0) {
    const auto& zero = source.tensor(node.inputs[scale + 1]);
    result.zero_points = zero.integers;
    for (int64_t& z : result.zero_points) z -= zero.type == "uint8" ? 128 : 0;
  }
  if (result.scales.empty()) return std::nullopt;
  if (result.zero_points.empty()) result.zero_points.assign(1, 0);
  return result;
}

std::optional<SourceScaling> of_tensor(const frontend::SourceTensor& tensor) {
  if (tensor.scales.empty()) return std::nullopt;
  SourceScaling result{tensor.scales, tensor.zero_points};
  for (int64_t& z : result.zero_points) z -= tensor.type == "uint8" ? 128 : 0;
  return result;
}

// Operands of the QOperator format that hold the scale of the weights and of the result.
struct Places {
  int weights, result;
};
std::optional<Places> places_of(const std::string& type) {
  static const std::map<std::string, Places> kPlaces = {{"QLinearConv", {4, 6}},
                                                        {"QLinearMatMul", {4, 6}},
                                                        {"QGemm", {4, 7}},
                                                        {"QLinearAdd", {-1, 6}},
                                                        {"QLinearMul", {-1, 6}},
                                                        {"QLinearSigmoid", {-1, 3}},
                                                        {"QLinearLeakyRelu", {-1, 3}},
                                                        {"QLinearSoftmax", {-1, 3}},
                                                        {"QLinearGlobalAveragePool", {-1, 3}},
                                                        {"QLinearAveragePool", {-1, 3}},
                                                        {"QLinearConcat", {-1, 0}}};
  const auto found = kPlaces.find(type);
  if (found == kPlaces.end()) return std::nullopt;
  return found->second;
}

}  // namespace

bool is_quantize(const SourceNode& node) { return node.pair == SourceNode::Pair::Quantize; }
bool is_dequantize(const SourceNode& node) { return node.pair == SourceNode::Pair::Dequantize; }

SourceScaling scaling_of_pair(const SourceGraph& source, int id) {
  const SourceNode& node = source.node(id);
  if (source.is_tflite) {
    const int tensor = is_quantize(node) ? node.outputs.at(0) : node.inputs.at(0);
    return of_tensor(source.tensor(tensor)).value_or(SourceScaling{});
  }
  SourceScaling result = of_operands(source, node, 1).value_or(SourceScaling{});
  // Without a zero point operand the type is uint8 and the zero point 0.
  if (node.inputs.size() < 3 || node.inputs[2] < 0) {
    const int bytes = is_quantize(node) ? node.outputs.at(0) : node.inputs.at(0);
    result.zero_points.assign(1, source.tensor(bytes).type == "uint8" ? -128 : 0);
  }
  return result;
}

std::optional<SourceScaling> weight_scaling(const SourceGraph& source, int id) {
  const SourceNode& node = source.node(id);
  if (node.inputs.size() < 2 || node.inputs[1] < 0) return std::nullopt;
  if (source.is_tflite) return of_tensor(source.tensor(node.inputs[1]));
  if (const auto places = places_of(node.node.type)) {
    return places->weights < 0 ? std::nullopt
                               : of_operands(source, node, static_cast<size_t>(places->weights));
  }
  // Weights may be transposed or reshaped behind their Dequantize.
  int pair = source.producer[static_cast<size_t>(node.inputs[1])];
  for (int step = 0; step < 16 && pair >= 0 && !is_dequantize(source.node(pair)); ++step) {
    const SourceNode& before = source.node(pair);
    if (!keeps_bytes(source, before) || before.inputs.empty() || before.inputs.front() < 0)
      return std::nullopt;
    pair = source.producer[static_cast<size_t>(before.inputs.front())];
  }
  if (pair < 0 || !is_dequantize(source.node(pair))) return std::nullopt;
  SourceScaling scaling = scaling_of_pair(source, pair);
  const auto rank = static_cast<int64_t>(source.tensor(source.node(pair).inputs.at(0)).dims.size());
  const int64_t axis = source.node(pair).axis, counted = axis < 0 ? axis + rank : axis;
  scaling.is_by_input = scaling.scales.size() > 1 && ((node.node.type == "Conv" && counted != 0) ||
                                                      (node.node.type == "MatMul" && counted == 0));
  return scaling;
}

namespace {

// A pool on bytes leaves them on the scale on which they were written.
std::optional<SourceScaling> scaling_of_bytes(const SourceGraph& source, int id) {
  for (int step = 0; step < 16; ++step) {
    const SourceNode& node = source.node(id);
    if (is_quantize(node)) return scaling_of_pair(source, id);
    if (const auto places = places_of(node.node.type))
      return of_operands(source, node, static_cast<size_t>(places->result));
    if (is_dequantize(node) || node.inputs.empty() || node.inputs.front() < 0) return std::nullopt;
    id = source.producer[static_cast<size_t>(node.inputs.front())];
    if (id < 0) return std::nullopt;
  }
  return std::nullopt;
}

// Forward through what was absorbed (a bias, a clamp, a move) to the QuantizeLinear nodes.
void collect_ahead(const SourceGraph& source, int id, int depth,
                   std::vector<SourceScaling>& results) {
  if (depth > 16 || source.node(id).outputs.empty()) return;
  const auto& readers = source.readers[static_cast<size_t>(source.node(id).outputs.front())];
  for (int reader : readers) {
    if (is_quantize(source.node(reader))) results.push_back(scaling_of_pair(source, reader));
  }
  for (int reader : readers) {
    if (!is_quantize(source.node(reader)) && !is_dequantize(source.node(reader)))
      collect_ahead(source, reader, depth + 1, results);
  }
}

}  // namespace

std::vector<SourceScaling> result_scalings(const SourceGraph& source, int id) {
  std::vector<SourceScaling> results;
  if (id < 0 || source.node(id).outputs.empty()) return results;
  const std::string& type = source.node(id).node.type;
  std::optional<SourceScaling> stated;
  if (source.is_tflite) {
    stated = of_tensor(source.tensor(source.node(id).outputs.front()));
    if (stated) results.push_back(*stated);
    return results;
  }
  if (const auto places = places_of(type))
    stated = of_operands(source, source.node(id), static_cast<size_t>(places->result));
  else if (type == "MaxPool" || type == "NhwcMaxPool")
    stated = scaling_of_bytes(source, id);
  if (stated)
    results.push_back(*stated);
  else
    collect_ahead(source, id, 0, results);
  return results;
}

}  // namespace zahl::explain
