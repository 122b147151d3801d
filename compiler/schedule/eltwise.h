// Element-by-element instructions over contiguous bytes, for the operators of their own and for those that follow a
// convolution.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/schedule/context.h"

namespace zahl::schedule {

// The operation's arithmetic without addresses and table slot.
isa::Eltwise eltwise_instruction(const ir::Eltwise& eltwise);

// Addresses of the operands and the result.
struct EltwisePlaces {
  int64_t a = 0, b = 0, result = 0;
};

// Runs of bytes, `step` bytes from one to the next in each operand.
struct EltwiseRuns {
  int64_t count = 1, bytes = 0, step = 0;
};

// In pieces small enough that what follows starts early. `reads_b` is false where b does not count.
void emit_eltwise(Context& context, isa::Eltwise instruction, const EltwisePlaces& places, const EltwiseRuns& runs,
                  bool reads_b);

}  // namespace zahl::schedule
