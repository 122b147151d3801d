// One lowering an operator: each appends the steps of the present layer to the context.
// Throws UserError where the machine cannot hold the layer.
#pragma once

#include <fmt/format.h>

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"
#include "isa/error.h"

namespace zahl::lower {

void lower(const ir::Conv& conv, Context& context);
void lower(const ir::Depthwise& depthwise, Context& context);
void lower(const ir::MaxPool& pool, Context& context);
void lower(const ir::AveragePool& pool, Context& context);
void lower(const ir::Eltwise& eltwise, Context& context);
void lower(const ir::Lookup& lookup, Context& context);
void lower(const ir::Softmax& softmax, Context& context);
void lower(const ir::Reshape& reshape, Context& context);  // nothing to do: an address
void lower(const ir::Concat& concat, Context& context);
void lower(const ir::Move& move, Context& context);

}  // namespace zahl::lower
