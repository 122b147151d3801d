// An ONNX file as nodes and tensors.
#include <algorithm>
#include <cctype>
#include <set>

#include "compiler/frontend/onnx/graph.h"
#include "compiler/frontend/onnx/read.h"

namespace zahl::frontend {
namespace {

constexpr size_t kKeptElements = 65536;

std::string type_name(int type) {
  if (type == onnx::TensorProto::FLOAT) return "float32";
  std::string name = onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return static_cast<char>(std::tolower(c)); });
  return name.empty() || name == "undefined" ? "?" : name;
}

class Collector {
 public:
  explicit Collector(SourceGraph& graph) : graph_(graph) {}

  int tensor(const std::string& name) {
    if (name.empty()) return -1;
    const auto [at, is_new] = index_.emplace(name, static_cast<int>(graph_.tensors.size()));
    if (is_new) graph_.tensors.push_back({.name = name, .type = "?", .dims = {}});
    return at->second;
  }

  void constant(const std::string& name, const onnx::TensorProto& proto) {
    SourceTensor& t = graph_.tensors[static_cast<size_t>(tensor(name))];
    t.is_constant = true;
    t.type = type_name(proto.data_type());
    t.dims.assign(proto.dims().begin(), proto.dims().end());
    OnnxTensor values = parse_tensor({name, "initializer"}, proto);
    if (values.size() > kKeptElements) return;
    t.floats = std::move(values.floats);
    t.integers = std::move(values.integers);
  }

  int port(const onnx::ValueInfoProto& info) {
    const int id = tensor(info.name());
    SourceTensor& t = graph_.tensors[static_cast<size_t>(id)];
    const auto& type = info.type().tensor_type();
    t.type = type_name(type.elem_type());
    t.dims.clear();
    for (const auto& dim : type.shape().dim())
      t.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    return id;
  }

  void node(const onnx::NodeProto& proto) {
    SourceNode node{
        .node = OnnxNode(proto).name(), .domain = proto.domain(), .inputs = {}, .outputs = {}};
    if (proto.op_type() == "QuantizeLinear") node.pair = SourceNode::Pair::Quantize;
    if (proto.op_type() == "DequantizeLinear") node.pair = SourceNode::Pair::Dequantize;
    for (const std::string& name : proto.input()) node.inputs.push_back(tensor(name));
    for (const std::string& name : proto.output()) node.outputs.push_back(tensor(name));
    int64_t stated = 0;  // the type that a QuantizeLinear without a zero point gives
    for (const onnx::AttributeProto& a : proto.attribute()) {
      if (a.name() == "output_dtype") stated = a.i();
      if (a.name() == "axis") node.axis = a.i();
    }
    set_type(node, stated);
    graph_.nodes.push_back(std::move(node));
  }

 private:
  // QuantizeLinear gives its zero point's type, or the one that its attribute states; what the file
  // says nothing about is float, the notation's own type.
  void set_type(const SourceNode& node, int64_t stated) {
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] < 0) continue;
      SourceTensor& t = graph_.tensors[static_cast<size_t>(node.outputs[i])];
      if (t.type != "?") continue;
      if (const std::string same = moved_type(node); !same.empty()) {
        t.type = same;
        continue;
      }
      const bool is_integer = node.node.type == "ConvInteger" || node.node.type == "MatMulInteger";
      const bool has_bytes =
          node.node.type == "QuantizeLinear" || node.node.type.starts_with("QLinear");
      const size_t zero = node.node.type == "QuantizeLinear" ? 2 : node.inputs.size();
      t.type = is_integer                                                           ? "int32"
               : has_bytes || (node.node.type == "DynamicQuantizeLinear" && i != 1) ? "uint8"
                                                                                    : "float32";
      if (has_bytes && stated == onnx::TensorProto::INT8) t.type = "int8";
      if (zero < node.inputs.size() && node.inputs[zero] >= 0)
        t.type = graph_.tensors[static_cast<size_t>(node.inputs[zero])].type;
    }
  }

  // A node that only rearranges, or picks, has its operand's type.
  std::string moved_type(const SourceNode& node) const {
    static const std::set<std::string> kMoves = {"Reshape",  "Transpose", "Split",       "Flatten",
                                                 "Squeeze",  "Unsqueeze", "Slice",       "Concat",
                                                 "Identity", "MaxPool",   "NhwcMaxPool", "Resize",
                                                 "Pad",      "Gather",    "Tile",        "Expand"};
    if (!kMoves.contains(node.node.type) || node.inputs.empty() || node.inputs.front() < 0)
      return "";
    const std::string& type = graph_.tensors[static_cast<size_t>(node.inputs.front())].type;
    return type == "?" ? "" : type;
  }

  SourceGraph& graph_;
  std::map<std::string, int> index_;
};

}  // namespace

SourceGraph source_of_onnx(const std::vector<uint8_t>& bytes, const ModelFile& model) {
  OnnxGraph file;
  parse_onnx(bytes, model, file);
  SourceGraph graph;
  Collector collect(graph);
  const onnx::GraphProto& proto = file.model.graph();
  for (const onnx::TensorProto& t : proto.initializer()) collect.constant(t.name(), t);
  for (const onnx::NodeProto& node : proto.node()) {
    if (node.op_type() != "Constant" || node.output_size() != 1) continue;
    for (const onnx::AttributeProto& a : node.attribute()) {
      if (a.has_t()) collect.constant(node.output(0), a.t());
    }
  }
  for (const onnx::ValueInfoProto& info : proto.value_info()) collect.port(info);
  for (const onnx::ValueInfoProto& info : proto.input()) {
    const int id = collect.tensor(info.name());
    if (!graph.tensor(id).is_constant) graph.inputs.push_back(collect.port(info));
  }
  for (const onnx::NodeProto& node : proto.node()) collect.node(node);
  for (const onnx::ValueInfoProto& info : proto.output())
    graph.outputs.push_back(collect.port(info));
  return graph;
}

}  // namespace zahl::frontend
