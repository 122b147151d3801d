// Which channel parameters a convolution needs (docs/machine.md, section 8).
#pragma once

#include "compiler/ir/graph.h"

namespace zahl::plan {

// Whether all channels share one factor, so that only the biases are stored per channel.
bool is_uniform(const ir::Requant& requant);

}  // namespace zahl::plan
