// ONNX in QDQ form as layers.
#pragma once

#include <span>
#include <vector>

#include "compiler/frontend/network/network.h"
#include "compiler/frontend/network/operator_line.h"
#include "compiler/frontend/network/source_graph.h"

namespace zahl::frontend {

// With `left`, nodes that cannot be read are listed there instead of refused.
Network read_onnx(std::span<const uint8_t> bytes, std::vector<LeftInFloat>* left = nullptr);

// The file as it stands: nodes and tensors; producers and readers are left to read_source.
SourceGraph source_of_onnx(const std::vector<uint8_t>& bytes);

// What this format's operators become, and what they may be refused for.
std::vector<OperatorLine> lines_of_onnx();

}  // namespace zahl::frontend
