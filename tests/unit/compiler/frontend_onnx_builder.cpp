#include "tests/unit/compiler/frontend_onnx_builder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "compiler/driver/load_model.h"
#include "compiler/frontend/read_model.h"
#include "isa/error.h"

namespace zahl::test {

TemporaryFile::TemporaryFile(const std::string& bytes) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "zahl_frontend_XXXXXX").string();
  if (!mkdtemp(directory.data())) throw std::runtime_error("no temporary directory");
  path_ = std::filesystem::path(directory) / "model";
  std::ofstream(path_, std::ios::binary) << bytes;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove_all(path_.parent_path(), ignored);
}

std::string error_of(const std::filesystem::path& path) {
  try {
    frontend::read_model(path);
  } catch (const frontend::Refusal& refusal) {
    EXPECT_TRUE(refusal.is_listed()) << "no rule of the operator's row: " << refusal.what();
  } catch (const UserError&) {  // of the file as a whole
  }
  try {
    compiler::load_model(path);
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

std::string error_of_bytes(const std::string& bytes) {
  return error_of(TemporaryFile(bytes).path());
}

OnnxBuilder::OnnxBuilder() {
  model_.set_ir_version(8);
  auto& opset = *model_.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
}

onnx::NodeProto& OnnxBuilder::node(const std::string& type, const std::vector<std::string>& inputs,
                                   const std::string& output) {
  onnx::NodeProto& node = *model_.mutable_graph()->add_node();
  node.set_op_type(type);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

OnnxBuilder& OnnxBuilder::input(const std::string& name, const std::vector<int64_t>& dims,
                                int type) {
  onnx::ValueInfoProto& info = *model_.mutable_graph()->add_input();
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  for (int64_t d : dims) {
    if (d > 0) {
      tensor.mutable_shape()->add_dim()->set_dim_value(d);
    } else {
      tensor.mutable_shape()->add_dim()->set_dim_param("N");
    }
  }
  return *this;
}

OnnxBuilder& OnnxBuilder::output(const std::string& name, int type) {
  onnx::ValueInfoProto& info = *model_.mutable_graph()->add_output();
  info.set_name(name);
  info.mutable_type()->mutable_tensor_type()->set_elem_type(type);
  return *this;
}

std::string OnnxBuilder::floats(const std::string& name, const std::vector<int64_t>& dims,
                                const std::vector<float>& values) {
  onnx::TensorProto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (int64_t d : dims) tensor.add_dims(d);
  for (float v : values) tensor.add_float_data(v);
  return name;
}

std::string OnnxBuilder::integers(const std::string& name, const std::vector<int64_t>& dims,
                                  const std::vector<int64_t>& values, int type) {
  onnx::TensorProto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t d : dims) tensor.add_dims(d);
  for (int64_t v : values) {
    if (type == onnx::TensorProto::INT64) {
      tensor.add_int64_data(v);
    } else {
      tensor.add_int32_data(static_cast<int32_t>(v));
    }
  }
  return name;
}

std::string OnnxBuilder::qdq(const std::string& x, float scale, int zero_point, int type) {
  const std::string s = floats(x + "_scale", {}, {scale}),
                    z = integers(x + "_zero", {}, {zero_point}, type);
  node("QuantizeLinear", {x, s, z}, x + "_q");
  node("DequantizeLinear", {x + "_q", s, z}, x + "_dq");
  return x + "_dq";
}

std::string OnnxBuilder::weights(const std::string& name, const std::vector<int64_t>& dims,
                                 const std::vector<int64_t>& values, float scale) {
  const std::string s = floats(name + "_scale", {}, {scale}),
                    z = integers(name + "_zero", {}, {0}, onnx::TensorProto::INT8);
  node("DequantizeLinear", {integers(name, dims, values, onnx::TensorProto::INT8), s, z},
       name + "_dq");
  return name + "_dq";
}

std::string OnnxBuilder::bytes() const { return model_.SerializeAsString(); }

ir::Graph OnnxBuilder::load() const { return compiler::load_model(TemporaryFile(bytes()).path()); }

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name) {
  onnx::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  return a;
}

void set_integers(onnx::NodeProto& node, const std::string& name,
                  const std::vector<int64_t>& values) {
  onnx::AttributeProto& a = attribute(node, name);
  a.set_type(onnx::AttributeProto::INTS);
  for (int64_t v : values) a.add_ints(v);
}

void set_integer(onnx::NodeProto& node, const std::string& name, int64_t value) {
  onnx::AttributeProto& a = attribute(node, name);
  a.set_type(onnx::AttributeProto::INT);
  a.set_i(value);
}

void set_text(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  onnx::AttributeProto& a = attribute(node, name);
  a.set_type(onnx::AttributeProto::STRING);
  a.set_s(value);
}

}  // namespace zahl::test
