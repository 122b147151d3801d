// How many lines the channel parameters of a block take (docs/machine.md, section 8).
#pragma once

#include "compiler/ir/graph.h"
#include "generated/isa.h"

namespace zahl::plan {

// Whether all channels share one factor, so that only the biases are stored per channel.
bool is_uniform(const ir::Requant& requant);

// Lines of parameters of one block of channels.
int parameter_lines(bool uniform, const hw::Config& config);

}  // namespace zahl::plan
