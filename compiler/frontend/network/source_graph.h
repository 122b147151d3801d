// The user's file as it stands: every node and tensor, nothing absorbed, nothing refused but files
// that cannot be parsed. It is what "before" means in `zahl explain`, and where its scales come
// from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

struct SourceTensor {
  std::string name;
  std::string type;  // "float32", "int8", "uint8", "int32", ...; "?" where the file does not say
  std::vector<int64_t> dims;  // empty where unknown; -1: symbolic
  bool is_constant = false;
  // Values of constants that hold scales and zero points (up to 65536 elements), as the file has
  // them.
  std::vector<float> floats{};
  std::vector<int64_t> integers{};
  // TFLite: the quantization that the tensor carries; ONNX carries it in nodes.
  std::vector<float> scales{};
  std::vector<int64_t> zero_points{};
};

struct SourceNode {
  enum class Pair {
    None,
    Quantize,
    Dequantize
  };              // float to integer and back; a change of scale alone is None
  NodeName node;  // named as the reader names it
  std::string domain;
  std::vector<int> inputs, outputs;  // tensor indices; -1: absent
  Pair pair = Pair::None;
  int64_t axis = 1;  // of a pair's scales, where it has several
};

struct SourceGraph {
  bool is_tflite = false;
  std::vector<SourceTensor> tensors;
  std::vector<SourceNode> nodes;     // in the file's order
  std::vector<int> inputs, outputs;  // of the graph, constants left out
  std::vector<int> producer;         // of a tensor: node index, -1 for graph inputs and constants
  std::vector<std::vector<int>> readers;

  const SourceTensor& tensor(int id) const { return tensors[static_cast<size_t>(id)]; }
  const SourceNode& node(int id) const { return nodes[static_cast<size_t>(id)]; }
};

}  // namespace zahl::frontend
