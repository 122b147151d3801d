// The memories on the chip together, as array and post see them.
#pragma once

#include "sim/mem/accumulators.h"
#include "sim/mem/scratchpad.h"

namespace zahl::sim {

struct Storage {
  Scratchpad scratchpad;
  Accumulators accumulators;

  void reset(const hw::Config& config) {
    scratchpad.reset(config);
    accumulators.reset(config);
  }
};

}  // namespace zahl::sim
