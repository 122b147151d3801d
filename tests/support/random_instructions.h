// One random instruction of each kind, with the fields at their corners as far as the machine's
// memories allow. Each adds at most a few loads that it needs and then itself; false when no try
// fitted.
#pragma once

#include "tests/support/program_builder.h"

namespace zahl::test {

bool add_random_load(ProgramBuilder& builder);
bool add_random_store(ProgramBuilder& builder);
bool add_random_conv(ProgramBuilder& builder);
bool add_random_depthwise(ProgramBuilder& builder);
bool add_random_drain(ProgramBuilder& builder);
bool add_random_eltwise(ProgramBuilder& builder);
bool add_random_set_table(ProgramBuilder& builder);
bool add_random_softmax(ProgramBuilder& builder);

}  // namespace zahl::test
