// Timing of the memory outside the device: a latency and a shared channel (docs/machine.md, section
// 4).
//
// Promise: decisions depend on arrival cycles alone. REQUIRES: calls come in the order of arrival,
// reads before writes of the same cycle. Used by the SystemC model and by the RTL's test bench, so
// that both see one memory.
#pragma once

#include <algorithm>
#include <cstdint>

#include "contract/run.h"
#include "isa/round.h"

namespace zahl::memory {

class IdealMemory {
 public:
  IdealMemory(const MemoryConfig& config, int bus_bytes)
      : latency_(config.latency_cycles),
        bus_(bus_bytes),
        rate_(std::min(config.bytes_per_cycle, bus_bytes)) {}

  // When the data beats of a read burst are transferred.
  struct ReadTiming {
    int64_t first = 0;  // cycle of beat 0
    int bus = 1, rate = 1;
    int64_t beat(int64_t k) const { return first + k * bus / rate; }
  };

  ReadTiming read(int64_t arrival, int beats) {
    const ReadTiming timing{std::max(arrival + latency_, free_), bus_, rate_};
    free_ = timing.first + cycles(beats);
    return timing;
  }

  // Returns the cycle of the write response.
  int64_t write(int64_t arrival, int beats) {
    free_ = std::max(arrival + 1, free_) + cycles(beats);
    return std::max(free_, arrival + latency_);
  }

 private:
  int64_t cycles(int64_t beats) const { return ceil_div(beats * bus_, rate_); }

  int64_t latency_;
  int bus_, rate_;
  int64_t free_ = 0;
};

}  // namespace zahl::memory
