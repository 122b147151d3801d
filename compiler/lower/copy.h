// Copies between places in the scratchpad, by the post unit: the byte itself, nothing shifted,
// nothing clamped.
#pragma once

#include "compiler/lower/context.h"

namespace zahl::lower {

// `rows` runs of `row_bytes` bytes; the steps lie between the beginnings of consecutive runs.
struct CopyShape {
  int64_t row_bytes = 0, rows = 1, from_step = 0, to_step = 0;
};

// The eltwise instruction that leaves the bytes of `a` alone (1 * a + 0 * b), or looks them up
// where it is given a table.
isa::Eltwise identity_instruction();

void emit_copy(Context& context, int64_t from, int64_t to, const CopyShape& shape);

}  // namespace zahl::lower
