// Operators on some of their channels.
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::rewrite {

// A part of a tensor's channels.
struct Range {
  int first = 0, count = 0;
};

// The operator on some channels of its input, for operators that work channel by channel.
ir::Operation on_channels(const ir::Depthwise& op, const Range& range);
ir::Operation on_channels(const ir::MaxPool& op, const Range& range);
ir::Operation on_channels(const ir::AveragePool& op, const Range& range);
ir::Operation on_channels(const ir::Lookup& op, const Range& range);

// Convolutions of whose result only slices along the channels are read, none of them twice, become
// one a slice.
void cut_convolutions(ir::Graph& graph);

}  // namespace zahl::rewrite
