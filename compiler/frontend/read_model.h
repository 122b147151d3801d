// A model file, as layers and as it stands. The format is told by the content, not by the name.
#pragma once

#include <filesystem>
#include <vector>

#include "compiler/frontend/network/model_file.h"
#include "compiler/frontend/network/network.h"
#include "compiler/frontend/network/source_graph.h"

namespace zahl::frontend {

// The layers of a quantized TFLite (int8, uint8) or ONNX (QDQ, QOperator) file. With `left`, nodes
// that cannot be read are listed there instead of refused. What was taken for granted about the
// file goes to `notes`, also where it is then refused. Throws UserError without the file's name.
Network read_model(const ModelFile& file, std::vector<LeftInFloat>* left = nullptr,
                   std::vector<std::string>* notes = nullptr);

// Everything in the file as it stands. Throws UserError, with the file's name, for files that are
// neither.
SourceGraph read_source(const std::filesystem::path& path);

}  // namespace zahl::frontend
