// A chain of layers that pass rows to one another (compiler/plan/chain.h), as instructions.
#pragma once

#include "compiler/lower/context.h"
#include "compiler/plan/fusions.h"

namespace zahl::lower {

// All layers of the chain whose last node is the context's present layer.
void lower_chain(const plan::Chain& chain, Context& context);

}  // namespace zahl::lower
