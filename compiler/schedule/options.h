// Choices that the scheduler makes by rule unless it is told otherwise: what a search over whole programs tries
// (compiler/driver/search.h). Every combination gives a sound program, or a UserError where a layer does not fit.
#pragma once

#include <algorithm>

#include "zahl/isa.h"

namespace zahl::schedule {

struct Options {
  int weight_banks = 0;    // of the ring of weights; 0: a quarter of the scratchpad's
  int small_share = 4;     // chains pass on no result of up to activations / small_share
  bool has_chains = true;  // layers pass rows to one another where results would go through DRAM
  int load_ahead = 8;      // loads that may be ahead of their need: as many as a queue holds

  bool operator==(const Options&) const = default;

  int weight_banks_of(const hw::Config& config) const {
    return weight_banks > 0 ? weight_banks : std::max(1, config.scratchpad_banks / 4);
  }
};

}  // namespace zahl::schedule
