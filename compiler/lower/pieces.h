// One lowering an operator for layers of which whole rows do not fit the machine: not its
// workspace, its weight ring or an instruction's fields. They are cut in width and channels too,
// and sums and windows into parts that the accumulators put together; a piece may be as small as
// one pixel, one tap and the lanes of the array. Bytes are those of lower.h; cycles do not count.
// Throws UserError only where the machine has no place for one weight tile, or no softmax of such a
// row.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"

namespace zahl::lower {

void lower_in_pieces(const ir::Conv& conv, Context& context);
void lower_in_pieces(const ir::Depthwise& depthwise, Context& context);
void lower_in_pieces(const ir::MaxPool& pool, Context& context);
void lower_in_pieces(const ir::AveragePool& pool, Context& context);
void lower_in_pieces(const ir::Eltwise& eltwise, Context& context);
void lower_in_pieces(const ir::Lookup& lookup, Context& context);
void lower_in_pieces(const ir::Softmax& softmax, Context& context);
void lower_in_pieces(const ir::Concat& concat, Context& context);

}  // namespace zahl::lower
