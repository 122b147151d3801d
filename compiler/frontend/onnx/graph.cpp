#include "compiler/frontend/onnx/graph.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {
namespace {

template <typename T>
std::vector<int64_t> widen(const std::string& raw) {
  std::vector<int64_t> result(raw.size() / sizeof(T));
  for (size_t i = 0; i < result.size(); ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    result[i] = static_cast<int64_t>(value);
  }
  return result;
}

std::vector<int64_t> raw_integers(int type, const std::string& raw) {
  switch (type) {
    case onnx::TensorProto::INT8:
      return widen<int8_t>(raw);
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      return widen<uint8_t>(raw);
    case onnx::TensorProto::INT16:
      return widen<int16_t>(raw);
    case onnx::TensorProto::UINT16:
      return widen<uint16_t>(raw);
    case onnx::TensorProto::INT32:
      return widen<int32_t>(raw);
    default:
      return widen<int64_t>(raw);
  }
}

void read_port(const onnx::ValueInfoProto& info, bool is_input, OnnxPort& port) {
  port.name = info.name();
  if (!info.type().has_tensor_type()) {
    refuse({info.name(), is_input ? "graph input" : "graph output"}, "it is not a tensor",
           "export the model with plain tensors");
  }
  const auto& type = info.type().tensor_type();
  port.type = type.elem_type();
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto& dim = type.shape().dim(i);
    const bool is_fixed = dim.has_dim_value() && dim.dim_value() > 0;
    port.dims.push_back(is_fixed ? dim.dim_value() : 1);
    if (!is_fixed) {
      port.open[static_cast<size_t>(i)] =
          dim.dim_param().empty() ? fmt::format("{}.{}", info.name(), i) : dim.dim_param();
    }
  }
}

}  // namespace

OnnxNode::OnnxNode(const onnx::NodeProto& proto) : proto_(&proto) {
  const std::string first = proto.output_size() > 0 ? proto.output(0) : std::string("?");
  name_ = {proto.name().empty() ? first : proto.name(), proto.op_type()};
}

const onnx::AttributeProto* OnnxNode::find(const char* attribute) const {
  for (const onnx::AttributeProto& a : proto_->attribute()) {
    if (a.name() == attribute) return &a;
  }
  return nullptr;
}

int64_t OnnxNode::integer(const char* attribute, int64_t otherwise) const {
  const auto* a = find(attribute);
  return a ? a->i() : otherwise;
}

float OnnxNode::real(const char* attribute, float otherwise) const {
  const auto* a = find(attribute);
  return a ? a->f() : otherwise;
}

std::vector<float> OnnxNode::reals(const char* attribute) const {
  const auto* a = find(attribute);
  return a ? std::vector<float>(a->floats().begin(), a->floats().end()) : std::vector<float>();
}

std::string OnnxNode::text(const char* attribute, const std::string& otherwise) const {
  const auto* a = find(attribute);
  return a ? a->s() : otherwise;
}

std::vector<int64_t> OnnxNode::integers(const char* attribute,
                                        const std::vector<int64_t>& otherwise) const {
  const auto* a = find(attribute);
  return a ? std::vector<int64_t>(a->ints().begin(), a->ints().end()) : otherwise;
}

const onnx::TensorProto* OnnxNode::tensor(const char* attribute) const {
  const auto* a = find(attribute);
  return a && a->has_t() ? &a->t() : nullptr;
}

OnnxTensor parse_tensor(const NodeName& owner, const onnx::TensorProto& proto) {
  OnnxTensor tensor{.type = proto.data_type(),
                    .dims = {proto.dims().begin(), proto.dims().end()},
                    .integers = {},
                    .floats = {}};
  int64_t count = 1;
  for (int64_t d : tensor.dims) {
    if (d < 0 || d > std::numeric_limits<int32_t>::max() ||
        count * std::max<int64_t>(d, 1) > std::numeric_limits<int32_t>::max()) {
      refuse(owner, fmt::format("it has the shape [{}]", fmt::join(tensor.dims, ", ")),
             kIntactFile);
    }
    count *= d;
  }
  static const std::set<int> kIntegers = {onnx::TensorProto::INT8,   onnx::TensorProto::UINT8,
                                          onnx::TensorProto::BOOL,   onnx::TensorProto::INT16,
                                          onnx::TensorProto::UINT16, onnx::TensorProto::INT32,
                                          onnx::TensorProto::INT64};
  size_t width = 0;
  if (tensor.is_float()) {
    width = sizeof(float);
    tensor.floats.assign(proto.float_data().begin(), proto.float_data().end());
    if (proto.has_raw_data() && proto.raw_data().size() % width == 0) {
      tensor.floats.resize(proto.raw_data().size() / width);
      if (!tensor.floats.empty())
        std::memcpy(tensor.floats.data(), proto.raw_data().data(), proto.raw_data().size());
    }
  } else if (kIntegers.contains(tensor.type)) {
    if (proto.has_raw_data()) {
      tensor.integers = raw_integers(tensor.type, proto.raw_data());
    } else if (tensor.type == onnx::TensorProto::INT64) {
      tensor.integers.assign(proto.int64_data().begin(), proto.int64_data().end());
    } else {
      tensor.integers.assign(proto.int32_data().begin(), proto.int32_data().end());
    }
    const auto fits = [&](int64_t low, int64_t high) {
      return std::ranges::all_of(tensor.integers, [&](int64_t v) { return v >= low && v <= high; });
    };
    if ((tensor.type == onnx::TensorProto::INT8 && !fits(-128, 127)) ||
        (tensor.type == onnx::TensorProto::UINT8 && !fits(0, 255))) {
      refuse(owner, "a value is out of its type's range", kIntactFile);
    }
  } else {
    return tensor;  // of no use to a quantized network; refused where something reads it
  }
  if (tensor.size() != static_cast<size_t>(count))
    refuse(owner, "its data do not fill its shape", kIntactFile);
  return tensor;
}

void require_static(const OnnxNode& node) {
  if (node.type() == "DynamicQuantizeLinear" || node.type() == "ConvInteger" ||
      node.type() == "MatMulInteger" || node.type() == "DynamicQuantizeMatMul" ||
      node.type() == "MatMulIntegerToFloat") {
    refuse(node.name(), "dynamic quantization chooses scales at run time", kQuantizeOnnx);
  }
}

void require_quantized(const OnnxGraph& graph) {
  const auto has = [&](std::initializer_list<const char*> types) {
    return std::ranges::any_of(graph.nodes, [&](const OnnxNode& n) {
      return std::ranges::find(types, n.type()) != types.end();
    });
  };
  for (const OnnxNode& node : graph.nodes) require_static(node);
  const bool has_qoperators = std::ranges::any_of(graph.nodes, [](const OnnxNode& n) {
    return n.type().starts_with("QLinear") || n.type() == "QGemm";
  });
  if (!has_qoperators && !has({"QuantizeLinear", "DequantizeLinear"}))
    refuse("the model has no QuantizeLinear nodes: it is a float model", kQuantizeOnnx);
}

void parse_onnx(std::span<const uint8_t> bytes, const ModelFile& file, OnnxGraph& graph) {
  const google::protobuf::LogSilencer silence;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !graph.model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !graph.model.has_graph() || graph.model.graph().node_size() == 0) {
    refuse("the file is neither a TFLite model nor an intact ONNX model",
           "use a quantized .tflite or .onnx file");
  }
  load_external_data(graph.model, file.path.parent_path());
  for (const auto& import : graph.model.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") graph.opset = import.version();
  }
  for (const onnx::TensorProto& proto : graph.model.graph().initializer()) {
    graph.constants[proto.name()] = parse_tensor({proto.name(), "initializer"}, proto);
  }
  for (const auto& sparse : graph.model.graph().sparse_initializer()) {
    refuse({sparse.values().name(), "initializer"}, "its constant is sparse",
           "write it as a dense tensor");
  }
  for (const onnx::NodeProto& proto : graph.model.graph().node()) {
    for (const onnx::AttributeProto& a : proto.attribute()) {
      if (a.has_g() || a.graphs_size() > 0)
        refuse(OnnxNode(proto).name(), "it contains a subgraph",
               "export the model without control flow");
    }
    if (proto.output_size() == 0) refuse(OnnxNode(proto).name(), "it has no output", kIntactFile);
    graph.nodes.emplace_back(proto);
  }
  for (const onnx::ValueInfoProto& info : graph.model.graph().input()) {
    if (!graph.constants.contains(info.name())) read_port(info, true, graph.inputs.emplace_back());
  }
  for (const onnx::ValueInfoProto& info : graph.model.graph().output())
    read_port(info, false, graph.outputs.emplace_back());
  if (graph.inputs.empty() || graph.outputs.empty())
    refuse("the ONNX graph has no inputs or no outputs", kIntactFile);
  for (const onnx::ValueInfoProto& info : graph.model.graph().value_info()) {
    std::vector<int64_t> dims;
    const auto& shape = info.type().tensor_type().shape();
    if (!info.type().tensor_type().has_shape()) continue;
    for (const auto& dim : shape.dim()) {
      if (dim.has_dim_value()) dims.push_back(dim.dim_value());
    }
    if (dims.size() == static_cast<size_t>(shape.dim_size())) graph.shapes[info.name()] = dims;
  }
}

}  // namespace zahl::frontend
