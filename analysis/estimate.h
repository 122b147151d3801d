// What a program will take, found by running the model without values: the estimate and the machine
// share one set of formulas, so a run under the same memory differs by nothing.
#pragma once

#include "contract/program.h"

namespace zahl::analysis {

// The cycles alone.
int64_t cycles_of(const Program& program, const MemoryConfig& memory);

Estimate make_estimate(const Program& program, const MemoryConfig& memory);

// The program's estimate, if it has one for a memory of this speed.
const Estimate* estimate_for(const Program& program, const MemoryConfig& memory);

}  // namespace zahl::analysis
