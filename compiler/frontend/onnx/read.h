// ONNX in QDQ form as layers.
#pragma once

#include <span>
#include <vector>

#include "compiler/frontend/network/model_file.h"
#include "compiler/frontend/network/network.h"
#include "compiler/frontend/network/operator_line.h"
#include "compiler/frontend/network/source_graph.h"

namespace zahl::frontend {

// With `left`, nodes that cannot be read are listed there instead of refused.
// `bytes` are those of `file`; sizes that were taken for open dimensions go to `notes`.
Network read_onnx(std::span<const uint8_t> bytes, const ModelFile& file,
                  std::vector<LeftInFloat>* left = nullptr,
                  std::vector<std::string>* notes = nullptr);

// The file as it stands: nodes and tensors; producers and readers are left to read_source.
SourceGraph source_of_onnx(const std::vector<uint8_t>& bytes, const ModelFile& file);

// What this format's operators become, and what they may be refused for.
std::vector<OperatorLine> lines_of_onnx();

}  // namespace zahl::frontend
