// The QOperator format as QDQ: each QLinear operator becomes the operator that it means between
// Dequantize and Quantize nodes. Both are notations of the same integers, so that everything behind
// has one form to read.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {
namespace {

// Where an operand with its scale and zero point stands among a node's inputs.
struct Operand {
  size_t first;
  int axis = 0;  // of scales, where there are several
};

struct Form {
  const char* meaning;
  std::vector<Operand> operands;
  size_t result;                    // where scale and zero point of the result stand
  std::optional<size_t> bias = {};  // int32, on the scale of the product
};

const std::map<std::string, Form>& forms() {
  static const std::map<std::string, Form> kForms = {
      {"QLinearConv", {"Conv", {{0}, {3, 0}}, 6, 8}},
      {"QLinearMatMul", {"MatMul", {{0}, {3, 1}}, 6}},
      {"QGemm", {"Gemm", {{0}, {3, 1}}, 7, 6}},
      {"QLinearAdd", {"Add", {{0}, {3}}, 6}},
      {"QLinearMul", {"Mul", {{0}, {3}}, 6}},
      {"QLinearSigmoid", {"Sigmoid", {{0}}, 3}},
      {"QLinearLeakyRelu", {"LeakyRelu", {{0}}, 3}},
      {"QLinearSoftmax", {"Softmax", {{0}}, 3}},
      {"QLinearAveragePool", {"AveragePool", {{0}}, 3}},
      {"QLinearGlobalAveragePool", {"GlobalAveragePool", {{0}}, 3}},
      {"QLinearReduceMean", {"ReduceMean", {{0}}, 3}},
      {"QLinearConcat", {"Concat", {}, 0}},  // operands follow
  };
  return kForms;
}

const Form* form_of(const std::string& type) {
  const auto it = forms().find(type);
  return it == forms().end() ? nullptr : &it->second;
}

// The pool of bytes with its channels last, as ONNX Runtime saves it.
constexpr const char* kMaxPoolOfBytes = "NhwcMaxPool";

class Expander {
 public:
  Expander(OnnxGraph& graph, std::vector<OnnxNode>& nodes) : graph_(graph), nodes_(nodes) {}

  void expand(const OnnxNode& node, const Form& form) {
    std::vector<Operand> operands = form.operands;
    if (operands.empty()) {
      for (size_t i = 2; i + 2 < node.inputs(); i += 3) operands.push_back({i});
    }
    std::vector<std::string> inputs;
    for (Operand operand : operands) {
      if (node.type() == "QGemm" && operand.first == 3 && node.integer("transB", 0) != 0)
        operand.axis = 0;
      inputs.push_back(part_name(node, operand.first));
      add(node, "DequantizeLinear", inputs_at(node, operand.first, 3), inputs.back())
          .set_axis(operand.axis);
    }
    if (form.bias && !node.input(*form.bias).empty())
      inputs.push_back(dequantize_bias(node, *form.bias));
    const std::string result = part_name(node, node.inputs());
    if (node.integer("channels_last", 0) != 0)
      add_channels_last(node, form.meaning, inputs, result);
    else
      add(node, form.meaning, inputs, result).copy_attributes(node);
    std::vector<std::string> scaled = inputs_at(node, form.result, 2);
    scaled.insert(scaled.begin(), result);
    add(node, "QuantizeLinear", scaled, node.output());
  }

  // The operator `meaning` of channels first, for a node that has them last.
  void add_channels_last(const OnnxNode& node, const char* meaning, std::vector<std::string> inputs,
                         const std::string& output) {
    const size_t rank = rank_of(node);
    std::vector<int64_t> first{0, static_cast<int64_t>(rank) - 1}, last{0};
    for (size_t axis = 1; axis + 1 < rank; ++axis) first.push_back(static_cast<int64_t>(axis));
    for (size_t axis = 2; axis < rank; ++axis) last.push_back(static_cast<int64_t>(axis));
    last.push_back(1);
    const std::string data = inputs.front(), turned = data + " for " + output;
    add(node, "Transpose", {data}, turned).set_integers("perm", first);
    inputs.front() = turned;
    add(node, meaning, inputs, output + " with channels first").copy_attributes(node);
    add(node, "Transpose", {output + " with channels first"}, output).set_integers("perm", last);
  }

 private:
  // A node under construction.
  struct Made {
    onnx::NodeProto& proto;
    void set_axis(int axis) {
      auto& attribute = *proto.add_attribute();
      attribute.set_name("axis");
      attribute.set_type(onnx::AttributeProto::INT);
      attribute.set_i(axis);
    }
    void set_integers(const char* name, const std::vector<int64_t>& values) {
      auto& attribute = *proto.add_attribute();
      attribute.set_name(name);
      attribute.set_type(onnx::AttributeProto::INTS);
      for (int64_t v : values) attribute.add_ints(v);
    }
    void copy_attributes(const OnnxNode& node) {
      *proto.mutable_attribute() = node.proto().attribute();
    }
  };

  static std::string part_name(const OnnxNode& node, size_t input) {
    return input < node.inputs() ? node.input(input) + " of " + node.output()
                                 : node.output() + " before quantization";
  }

  // Of the data: that of a convolution's weights, or two more than the window's.
  size_t rank_of(const OnnxNode& node) const {
    const auto weights = graph_.constants.find(node.input(3));
    if (node.type() == "QLinearConv" && weights != graph_.constants.end())
      return std::max<size_t>(weights->second.dims.size(), 2);
    return node.integers("kernel_shape", {1, 1}).size() + 2;
  }

  static std::vector<std::string> inputs_at(const OnnxNode& node, size_t first, size_t count) {
    std::vector<std::string> names;
    for (size_t i = first; i < first + count; ++i) names.push_back(node.input(i));
    while (!names.empty() && names.back().empty()) names.pop_back();
    return names;
  }

  Made add(const OnnxNode& node, const char* type, const std::vector<std::string>& inputs,
           const std::string& output) {
    onnx::NodeProto& proto = graph_.expanded.emplace_back();
    proto.set_op_type(type);
    for (const std::string& input : inputs) proto.add_input(input);
    proto.add_output(output);
    nodes_.emplace_back(proto, node.name());
    return {proto};
  }

  std::string dequantize_bias(const OnnxNode& node, size_t bias) {
    const auto scales_at = [&](size_t i) -> const std::vector<float>& {
      const auto it = graph_.constants.find(node.input(i));
      if (it == graph_.constants.end() || it->second.floats.empty())
        refuse(node.name(), fmt::format("its scale '{}' is not a float constant", node.input(i)),
               kQuantizeOnnx);
      return it->second.floats;
    };
    OnnxTensor product{
        .type = onnx::TensorProto::FLOAT, .dims = {}, .integers = {}, .floats = scales_at(4)};
    for (float& scale : product.floats) scale *= scales_at(1).front();
    if (product.floats.size() > 1) product.dims = {static_cast<int64_t>(product.floats.size())};
    const std::string name = part_name(node, bias);
    graph_.constants[name + " scale"] = std::move(product);
    add(node, "DequantizeLinear", {node.input(bias), name + " scale"}, name).set_axis(0);
    return name;
  }

  OnnxGraph& graph_;
  std::vector<OnnxNode>& nodes_;
};

}  // namespace

void expand_qoperators(OnnxGraph& graph) {
  std::vector<OnnxNode> nodes;
  Expander expander(graph, nodes);
  for (const OnnxNode& node : graph.nodes) {
    if (const Form* form = form_of(node.type())) {
      expander.expand(node, *form);
      graph.has_qoperators = true;
    } else if (node.type() == kMaxPoolOfBytes) {
      expander.add_channels_last(node, "MaxPool", {node.input(0)}, node.output());
    } else {
      nodes.push_back(node);
    }
  }
  graph.nodes = std::move(nodes);
}

std::map<std::string, std::string> meanings_of_qoperators() {
  std::map<std::string, std::string> meanings;
  for (const auto& [type, form] : forms()) meanings[type] = form.meaning;
  return meanings;
}

}  // namespace zahl::frontend
