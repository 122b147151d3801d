// The accumulators: vectors of 32-bit sums, and which banks an access may touch.
#pragma once

#include <cstdint>

#include "generated/isa.h"
#include "sim/mem/aligned_bytes.h"
#include "sim/mem/banks.h"

namespace zahl::sim {

class Accumulators {
 public:
  void reset(const hw::Config& config) {
    banks_ = {config.accumulator_vectors(), config.accumulator_bank_vectors};
    sums_.reset(static_cast<size_t>(banks_.size) * static_cast<size_t>(config.columns) *
                sizeof(int32_t));
  }

  int32_t* data() const { return reinterpret_cast<int32_t*>(sums_.data()); }

  // Whether all vectors of [first, first + count) lie in the accumulators and in `banks`.
  bool allows(int64_t first, int64_t count, uint32_t banks) const {
    return banks_.allow(first, count, banks);
  }

 private:
  AlignedBytes sums_;
  Banks banks_;
};

}  // namespace zahl::sim
