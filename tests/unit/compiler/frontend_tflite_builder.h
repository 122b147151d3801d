// Small TFLite files made with flatbuffers.
#pragma once

#include <fmt/format.h>

#include "compiler/driver/load_model.h"
#include "foreign/tflite_generated.h"
#include "tests/unit/compiler/frontend_onnx_builder.h"

namespace zahl::test {

using Bytes = std::vector<int8_t>;

class TfliteBuilder {
 public:
  TfliteBuilder() { buffers_.push_back(tflite::CreateBuffer(b_)); }

  template <typename T = int8_t>
  int tensor(std::vector<int32_t> shape, tflite::TensorType type, std::vector<float> scale,
             int64_t zero, const std::vector<T>& data = {}) {
    uint32_t buffer = 0;
    if (!data.empty()) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
      buffer = static_cast<uint32_t>(buffers_.size());
      buffers_.push_back(tflite::CreateBuffer(b_, b_.CreateVector(bytes, data.size() * sizeof(T))));
    }
    flatbuffers::Offset<tflite::QuantizationParameters> quantization;
    if (!scale.empty()) {
      const std::vector<int64_t> zeros(scale.size(), zero);
      quantization =
          tflite::CreateQuantizationParametersDirect(b_, nullptr, nullptr, &scale, &zeros);
    }
    const std::string name = fmt::format("t{}", tensors_.size());
    tensors_.push_back(
        tflite::CreateTensorDirect(b_, &shape, type, buffer, name.c_str(), quantization));
    return static_cast<int>(tensors_.size()) - 1;
  }
  int bytes(std::vector<int32_t> shape, float scale, int64_t zero, const Bytes& data = {}) {
    return tensor(std::move(shape), tflite::TensorType::INT8, {scale}, zero, data);
  }
  void op(tflite::BuiltinOperator code, std::vector<int32_t> inputs, int output,
          tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE,
          flatbuffers::Offset<void> options = 0) {
    op(code, std::move(inputs), std::vector<int32_t>{output}, type, options);
  }
  void op(tflite::BuiltinOperator code, std::vector<int32_t> inputs,
          const std::vector<int32_t>& outputs,
          tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE,
          flatbuffers::Offset<void> options = 0) {
    codes_.push_back(tflite::CreateOperatorCode(b_, static_cast<int8_t>(code), 0, 1, code));
    operators_.push_back(tflite::CreateOperatorDirect(b_, static_cast<uint32_t>(codes_.size()) - 1,
                                                      &inputs, &outputs, type, options));
  }
  flatbuffers::FlatBufferBuilder& builder() { return b_; }

  std::string file(std::vector<int32_t> inputs, std::vector<int32_t> outputs, int subgraphs = 1) {
    const auto graph =
        tflite::CreateSubGraphDirect(b_, &tensors_, &inputs, &outputs, &operators_, "main");
    const std::vector<flatbuffers::Offset<tflite::SubGraph>> graphs(static_cast<size_t>(subgraphs),
                                                                    graph);
    tflite::FinishModelBuffer(
        b_, tflite::CreateModelDirect(b_, 3, &codes_, &graphs, "test", &buffers_));
    return {reinterpret_cast<const char*>(b_.GetBufferPointer()), b_.GetSize()};
  }
  ir::Graph load(int input, int output) {
    return compiler::load_model(TemporaryFile(file({input}, {output})).path());
  }
  std::string error(int input, int output) { return error_of_bytes(file({input}, {output})); }

 private:
  flatbuffers::FlatBufferBuilder b_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<tflite::Operator>> operators_;
};

}  // namespace zahl::test
