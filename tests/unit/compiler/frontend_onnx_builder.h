// Small ONNX QDQ models for tests, written node by node.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace zahl::test {

// A file in a directory of its own that goes with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What load_model throws, or "" if it loads.
std::string error_of(const std::filesystem::path& path);
std::string error_of_bytes(const std::string& bytes);

class OnnxBuilder {
 public:
  OnnxBuilder();

  onnx::ModelProto& model() { return model_; }
  onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output);
  OnnxBuilder& input(const std::string& name, const std::vector<int64_t>& dims,
                     int type = onnx::TensorProto::FLOAT);
  OnnxBuilder& output(const std::string& name, int type = onnx::TensorProto::FLOAT);
  std::string floats(const std::string& name, const std::vector<int64_t>& dims,
                     const std::vector<float>& values);
  std::string integers(const std::string& name, const std::vector<int64_t>& dims,
                       const std::vector<int64_t>& values, int type);
  // x -> QuantizeLinear -> DequantizeLinear; returns the dequantized name, x + "_dq".
  std::string qdq(const std::string& x, float scale, int zero_point,
                  int type = onnx::TensorProto::INT8);
  // A dequantized int8 constant, per tensor.
  std::string weights(const std::string& name, const std::vector<int64_t>& dims,
                      const std::vector<int64_t>& values, float scale);

  std::string bytes() const;
  std::string error() const { return error_of_bytes(bytes()); }
  ir::Graph load() const;

 private:
  onnx::ModelProto model_;
};

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name);
void set_integers(onnx::NodeProto& node, const std::string& name,
                  const std::vector<int64_t>& values);
void set_integer(onnx::NodeProto& node, const std::string& name, int64_t value);
void set_text(onnx::NodeProto& node, const std::string& name, const std::string& value);

}  // namespace zahl::test
