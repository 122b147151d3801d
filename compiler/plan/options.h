// Choices that the scheduler makes by rule unless it is told otherwise: what a search over whole
// programs tries (compiler/driver/search.h). Every combination gives a sound program, or a
// UserError where a layer does not fit even in pieces.
#pragma once

#include <algorithm>

#include "generated/isa.h"
#include "isa/round.h"

namespace zahl::plan {

struct Options {
  int weight_banks = 0;    // of the ring of weights; 0: a quarter of the scratchpad's, or a tile
  int small_share = 4;     // chains pass on no result of up to activations / small_share
  bool has_chains = true;  // layers pass rows to one another where results would go through DRAM
  int load_ahead = 8;      // loads that may be ahead of their need: as many as a queue holds

  bool operator==(const Options&) const = default;

  int weight_banks_of(const hw::Config& config) const {
    if (weight_banks > 0) return weight_banks;
    const int64_t of_tile = ceil_div(config.weight_tile_bytes(), config.scratchpad_bank_bytes);
    const int most = config.scratchpad_banks - 2;  // parameters and activations have one at least
    return std::clamp(static_cast<int>(of_tile), std::max(1, config.scratchpad_banks / 4), most);
  }

  // Where on chip the ring of weights begins, and how long it is. Below it lie one bank of channel
  // parameters and tables, and the activations.
  int64_t weight_ring_bytes(const hw::Config& config) const {
    return weight_banks_of(config) * int64_t{config.scratchpad_bank_bytes};
  }
  int64_t weight_ring_begin(const hw::Config& config) const {
    return config.scratchpad_banks * int64_t{config.scratchpad_bank_bytes} -
           weight_ring_bytes(config);
  }
};

}  // namespace zahl::plan
