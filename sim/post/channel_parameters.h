// Bias, m0 and shift of each column, as a drain reads them (docs/machine.md, section 8).
#pragma once

#include <cstdint>

#include "generated/isa.h"
#include "sim/post/requantizer.h"

namespace zahl::sim {

// Bytes of a block's channel parameters, each part padded to whole lines.
struct ParameterLayout {
  int64_t word_bytes = 0;  // biases, and again multipliers
  int64_t total_bytes = 0;
};
ParameterLayout parameter_layout(const isa::Drain& x, const hw::Config& config);

// The parameters of a block, from a copy or from where they stand.
void set_parameters(kernels::DrainJob& job, const isa::Drain& x, const uint8_t* from,
                    const ParameterLayout& layout);

}  // namespace zahl::sim
