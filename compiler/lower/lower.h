// One lowering an operation, in the file of its kind: each appends the steps of the present layer
// to the context. Throws TooLarge where the machine cannot hold whole rows of the layer.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"

namespace zahl::lower {

#define ZAHL_LOWER(Op) void lower(const ir::Op& operation, Context& context);
ZAHL_IR_OPERATIONS(ZAHL_LOWER)
#undef ZAHL_LOWER

}  // namespace zahl::lower
