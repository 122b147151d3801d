// Machines at the edges of what isa/hw.toml allows, and anywhere between.
#pragma once

#include <cstdint>

#include "generated/isa.h"

namespace zahl::test {

// Every parameter at its minimum.
hw::Config smallest_machine();

// Every parameter a random power of two, small ones more often, so that hw::check_config accepts
// it; the scratchpad holds a weight tile beside a bank for parameters and one for activations.
hw::Config random_machine(uint64_t seed);

}  // namespace zahl::test
