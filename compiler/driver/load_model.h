// From the user's file to the compiler's graph.
#pragma once

#include "compiler/frontend/network/model_file.h"
#include "compiler/frontend/network/refuse.h"
#include "compiler/ir/graph.h"

namespace zahl::compiler {

// Reads a quantized TFLite (int8, uint8) or ONNX (QDQ) model and returns a verified graph in which
// every operator carries its integers. The format is told by the content, not by the name. Throws
// UserError with one sentence that names the file, the node, its operator, the reason and what
// would work; no file, however damaged, does anything else. What was taken for granted about the
// file goes to `notes`, or behind the sentence of a refusal.
ir::Graph load_model(const frontend::ModelFile& file, std::vector<std::string>* notes = nullptr);

// What of a model can run on integers, and what cannot. Where `left_in_float` is not empty, the
// graph has additional inputs and outputs: the places where the host would compute the nodes that
// are left.
struct PartialModel {
  ir::Graph graph;
  std::vector<frontend::LeftInFloat> left_in_float;
  std::vector<std::string> notes;
};

// For explaining: as load_model, but goes past nodes that it refuses. Still throws UserError for
// files that are not whole.
PartialModel load_partly(const frontend::ModelFile& file);

}  // namespace zahl::compiler
