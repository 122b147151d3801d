// What a floating-point tensor of a QDQ graph stands for once the notation is taken away.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "compiler/frontend/network/network.h"
#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {

struct OnnxOperator;  // operators.h

// A constant that was never quantized.
struct FloatConstant {
  const OnnxTensor* tensor;
};

// A dequantized constant: weights, a bias, an operand. One scale and zero point, or one an index of
// `axis`.
struct QuantizedConstant {
  std::string name;
  std::shared_ptr<const OnnxTensor> tensor;
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int axis = 0;
};

// A dequantized tensor: the bytes of a value.
struct Quantized {
  ValueId value;
};

// One output of a node that only rearranges. A Pad adds numbers of its own too, `filling`, which
// whatever follows changes as it changes the others.
struct Move {
  const OnnxNode* node;
  const OnnxOperator* op;
  size_t output = 0;
  float filling = 0;
};

// A function of each byte of `root`: values[q + 128], computed in float32 as ONNX Runtime would.
// Moves are applied to its result.
struct Function {
  ValueId root;
  std::array<float, 256> values;
  std::vector<std::string> names;  // of the absorbed nodes
  std::vector<Move> moves{};
};

// The result of a layer (of a graph input where there is none) that the next QuantizeLinear will
// scale. Moves are nodes that only rearrange; they commute with quantization and are applied after
// it. So does the clamp, which is the layer's, on whichever side of a move its node stands: what a
// Pad before that node adds has been clamped by it already.
struct Pending {
  std::shared_ptr<const Layer> layer;
  Value output;
  Clamp clamp;
  std::vector<std::string> names;
  std::vector<Move> moves;
};

using Meaning = std::variant<FloatConstant, QuantizedConstant, Quantized, Function, Pending>;

}  // namespace zahl::frontend
