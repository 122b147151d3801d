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

#define ZAHL_LOWER_IN_PIECES(Op) void lower_in_pieces(const ir::Op& operation, Context& context);
ZAHL_IR_OPERATIONS(ZAHL_LOWER_IN_PIECES)
#undef ZAHL_LOWER_IN_PIECES

}  // namespace zahl::lower
