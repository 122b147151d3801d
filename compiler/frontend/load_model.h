// From the user's file to the compiler's graph.
#pragma once

#include <filesystem>

#include "compiler/ir/graph.h"

namespace zahl::frontend {

// Reads a quantized TFLite (int8, uint8) or ONNX (QDQ) model and returns a verified graph in which every operator
// carries its integers. The format is told by the content, not by the name. Throws UserError with one sentence that
// names the file, the node, its operator, the reason and what would work; no file, however damaged, does anything else.
ir::Graph load_model(const std::filesystem::path& path);

}  // namespace zahl::frontend
