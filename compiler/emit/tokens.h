// Waits and claims: what makes a sequence of instructions a program whose units may overlap.
#pragma once

#include <vector>

#include "compiler/lower/step.h"
#include "generated/isa.h"

namespace zahl::emit {

// Claims the banks that the accesses touch and waits for every earlier instruction of another unit
// that touches the same bytes (one of the two writing) or holds the same port. Waits that follow
// from others already made are left out.
void assign_tokens(std::vector<lower::Planned>& sequence, const hw::Config& config);

}  // namespace zahl::emit
