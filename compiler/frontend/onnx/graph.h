// An ONNX file as plain data: nodes in order and constants by name, everything checked.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/frontend/network/model_file.h"
#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

inline constexpr std::string_view kIntactFile = "use an intact file as written by onnx.save";

// A constant. Integers of all widths are held as int64, floats as float; `type` is the
// onnx::TensorProto data type.
struct OnnxTensor {
  int type = 0;
  std::vector<int64_t> dims;
  std::vector<int64_t> integers;
  std::vector<float> floats;

  bool is_float() const { return type == onnx::TensorProto::FLOAT; }
  bool is_byte() const {
    return type == onnx::TensorProto::INT8 || type == onnx::TensorProto::UINT8;
  }
  size_t size() const { return is_float() ? floats.size() : integers.size(); }
};

// One node with checked operands.
class OnnxNode {
 public:
  explicit OnnxNode(const onnx::NodeProto& proto);
  // A node that stands for a part of another one, and is named as that one is.
  OnnxNode(const onnx::NodeProto& proto, NodeName name) : proto_(&proto), name_(std::move(name)) {}

  const onnx::NodeProto& proto() const { return *proto_; }

  const NodeName& name() const { return name_; }
  const std::string& type() const { return proto_->op_type(); }
  const std::string& domain() const { return proto_->domain(); }
  size_t inputs() const { return static_cast<size_t>(proto_->input_size()); }
  // Empty for an absent operand.
  std::string input(size_t i) const {
    return i < inputs() ? proto_->input(static_cast<int>(i)) : std::string();
  }
  size_t outputs() const { return static_cast<size_t>(proto_->output_size()); }
  const std::string& output(size_t i = 0) const { return proto_->output(static_cast<int>(i)); }

  bool has(const char* attribute) const { return find(attribute) != nullptr; }
  int64_t integer(const char* attribute, int64_t otherwise) const;
  float real(const char* attribute, float otherwise) const;
  std::vector<float> reals(const char* attribute) const;  // empty where it is absent
  std::string text(const char* attribute, const std::string& otherwise) const;
  std::vector<int64_t> integers(const char* attribute, const std::vector<int64_t>& otherwise) const;
  const onnx::TensorProto* tensor(const char* attribute) const;

 private:
  const onnx::AttributeProto* find(const char* attribute) const;

  const onnx::NodeProto* proto_;
  NodeName name_;
};

struct OnnxPort {
  std::string name;
  int type = 0;
  std::vector<int64_t> dims;
  std::map<size_t, std::string> open{};  // axes whose size the file leaves open, by their names
};

struct OnnxGraph {
  onnx::ModelProto model;
  int64_t opset = 0;
  std::deque<onnx::NodeProto> expanded;  // made by expand_qoperators
  bool has_qoperators = false;
  std::vector<OnnxNode> nodes;  // topological
  std::map<std::string, OnnxTensor> constants;
  std::map<std::string, std::vector<int64_t>>
      shapes;                             // of computed tensors, where the file states them in full
  std::vector<OnnxPort> inputs, outputs;  // an open dimension is 1 until it is bound
};

// Parses and checks; refuses files that are no ONNX model, subgraphs, and data outside the file's
// folder.
void parse_onnx(std::span<const uint8_t> bytes, const ModelFile& file, OnnxGraph& graph);

// Open dimensions of inputs become what the user bound, the size of the array that the input will
// be given, or 1; which of them nobody bound goes to `notes`. Refuses names that no input has.
void bind_dimensions(OnnxGraph& graph, const ModelFile& file, std::vector<std::string>* notes);

// Constants whose data lie in files of their own, inside `folder`, as if they lay in the model.
void load_external_data(onnx::ModelProto& model, const std::filesystem::path& folder);

// Refuses models without quantization and formats that are not supported, by their first node of
// that kind.
void require_quantized(const OnnxGraph& graph);
void require_static(const OnnxNode& node);

// Refuses a tensor whose data do not fill its shape, and types that no quantized network needs.
OnnxTensor parse_tensor(const NodeName& owner, const onnx::TensorProto& proto);

// QLinear operators become Dequantize, operator, Quantize.
void expand_qoperators(OnnxGraph& graph);
std::map<std::string, std::string> meanings_of_qoperators();

}  // namespace zahl::frontend
