// Element-by-element instructions over contiguous bytes, for the operators of their own and for those that follow a
// convolution.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/schedule/context.h"

namespace zahl::schedule {

// The operation's arithmetic without addresses and table slot.
isa::Eltwise eltwise_instruction(const ir::Eltwise& eltwise);

// `bytes` bytes at a, b and result, in pieces small enough that what follows starts early. `reads_b` is false where b
// does not count.
void emit_eltwise(Context& context, isa::Eltwise instruction, int64_t a, int64_t b, int64_t result, int64_t bytes,
                  bool reads_b);

}  // namespace zahl::schedule
