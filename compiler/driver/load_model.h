// From the user's file to the compiler's graph.
#pragma once

#include <filesystem>

#include "compiler/frontend/network/refuse.h"
#include "compiler/ir/graph.h"

namespace zahl::compiler {

// Reads a quantized TFLite (int8, uint8) or ONNX (QDQ) model and returns a verified graph in which
// every operator carries its integers. The format is told by the content, not by the name. Throws
// UserError with one sentence that names the file, the node, its operator, the reason and what
// would work; no file, however damaged, does anything else.
ir::Graph load_model(const std::filesystem::path& path);

// What of a model can run on integers, and what cannot. Where `left_in_float` is not empty, the
// graph has additional inputs and outputs: the places where the host would compute the nodes that
// are left.
struct PartialModel {
  ir::Graph graph;
  std::vector<frontend::LeftInFloat> left_in_float;
};

// For explaining: as load_model, but goes past nodes that it refuses. Still throws UserError for
// files that are not whole.
PartialModel load_partly(const std::filesystem::path& path);

}  // namespace zahl::compiler
