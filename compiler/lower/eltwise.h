// Element-by-element instructions over contiguous bytes, for the operators of their own and for
// those that follow a convolution.
#pragma once

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"

namespace zahl::lower {

// The operation's arithmetic without addresses and table slot.
isa::Eltwise eltwise_instruction(const ir::Eltwise& eltwise);

// Address of an operand's first run of bytes and the bytes from one run to the next.
struct EltwiseOperand {
  int64_t address = 0, step = 0;
};

// Operands, and the address of the result, which has the step of `EltwiseRuns`.
struct EltwisePlaces {
  EltwiseOperand a, b;
  int64_t result = 0;
};

// Runs of bytes; `step` is that of the result.
struct EltwiseRuns {
  int64_t count = 1, bytes = 0, step = 0;
};

// In pieces small enough that what follows starts early. `reads_b` is false where b does not count.
void emit_eltwise(Context& context, isa::Eltwise instruction, const EltwisePlaces& places,
                  const EltwiseRuns& runs, bool reads_b);

}  // namespace zahl::lower
