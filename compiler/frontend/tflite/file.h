// Checked access to a TFLite file: every index that the file holds is verified before it is
// followed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/frontend/network/network.h"
#include "foreign/tflite_generated.h"

namespace zahl::frontend {

inline constexpr std::string_view kIntactTflite =
    "use an intact file as written by the TFLite converter";

class TfliteFile {
 public:
  // `bytes` must outlive the object. Refuses what the flatbuffers verifier rejects, and more than
  // one subgraph.
  explicit TfliteFile(std::span<const uint8_t> bytes);

  struct Operator {
    NodeName node;  // named by its first output
    tflite::BuiltinOperator code{};
    std::vector<int> inputs, outputs;  // -1: absent
    const tflite::Operator* raw = nullptr;
  };

  const std::vector<Operator>& operators() const { return operators_; }
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<int>& outputs() const { return outputs_; }
  int tensor_count() const { return static_cast<int>(subgraph_->tensors()->size()); }

  const tflite::Tensor& tensor(int index) const {
    return *subgraph_->tensors()->Get(static_cast<uint32_t>(index));
  }
  std::string name(int index) const;
  std::vector<int64_t> dims(int index) const;

  // The bytes of a constant, exactly as many as shape and type ask for; nothing where the tensor is
  // computed.
  std::optional<std::span<const uint8_t>> constant(const NodeName& node, int index) const;

  // A constant int32 or int64 tensor as integers.
  std::vector<int64_t> integers(const NodeName& node, int index) const;

 private:
  std::vector<int> indices(const flatbuffers::Vector<int32_t>* list, bool may_be_absent) const;

  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* subgraph_ = nullptr;
  std::vector<Operator> operators_;
  std::vector<int> inputs_, outputs_;
};

}  // namespace zahl::frontend
