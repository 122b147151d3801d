// What the operators of an ONNX graph share while it is read: for each tensor what it means, and
// the network that is being built. Operators are free functions of it (operators.h).
#pragma once

#include <map>
#include <tuple>

#include "compiler/frontend/onnx/meaning.h"

namespace zahl::frontend {

struct OnnxContext {
  explicit OnnxContext(OnnxGraph& file) : graph(file) {}

  // Refuses a tensor that no node in front computes.
  const Meaning& meaning_of(const OnnxNode& node, size_t input) const;
  // The operand's value; refuses operands that are computed in floating point.
  ValueId value_of(const OnnxNode& node, size_t input) const;
  // The same as a map with its bytes as N, H, W, C or N, W, C; refuses other ranks.
  ValueId feature_map(const OnnxNode& node, size_t input);
  const QuantizedConstant& weights_of(const OnnxNode& node, size_t input) const;
  // Nothing where the tensor is computed.
  const OnnxTensor* constant(const std::string& name) const;
  // Constant integers of an operand or, in old opsets, of an attribute.
  std::optional<std::vector<int64_t>> integers(const OnnxNode& node, size_t input,
                                               const char* attribute) const;
  // Whether a graph input is transposed to channels first by the model itself: it then lies in
  // memory as it is.
  bool wants_channels_last(const std::string& tensor) const;
  // The node's result is this layer's, of the scale that the next QuantizeLinear says.
  void set_pending(const OnnxNode& node, LayerKind kind, std::vector<int64_t> dims,
                   std::vector<int> order);

  struct Parent {  // of a value made by a table
    ValueId value;
    std::array<int8_t, 256> table;
    std::string name;
  };

  OnnxGraph& graph;  // its constants grow as nodes turn out to be constant
  Network network{};
  std::map<std::string, Meaning> floats{};
  std::map<std::string, ValueId> bytes{};  // quantized tensors
  std::map<std::string, std::shared_ptr<const OnnxTensor>>
      quantized{};  // constants that the graph quantizes itself
  std::map<std::string, const OnnxPort*> byte_inputs{};  // graph inputs that are int8 or uint8
  std::map<ValueId, Parent> parents{};
  std::map<std::tuple<const Layer*, float, float, float, int, bool>, ValueId>
      finished{};  // layers by clamp and scale of the result
};

inline const std::vector<int> kChannelsFirst = {0, 2, 3, 1};  // NCHW in memory as NHWC
inline const std::vector<int> kRowChannelsFirst = {0, 2, 1};  // NCW in memory as NWC
// That of a map of this rank.
inline const std::vector<int>& channels_first(size_t rank) {
  return rank == 3 ? kRowChannelsFirst : kChannelsFirst;
}

}  // namespace zahl::frontend
