// When the machine last made progress: starts, ends and bus transfers, the latter told in advance
// as series of beats.
#pragma once

#include <algorithm>
#include <array>

#include "sim/base/cycle.h"

namespace zahl::sim {

class Watchdog {
 public:
  void reset(uint32_t limit) {
    limit_ = limit;
    last_ = latest_ = 0;
    begin_ = end_ = 0;
  }
  bool enabled() const { return limit_ != 0; }

  // Something happens in `cycle`, which is now. The cycle before it with progress is kept: whoever
  // asks in the same cycle, before or after this call, must not see it yet.
  void progress(Cycle cycle) {
    if (cycle <= latest_) return;
    last_ = std::max(last_, latest_);
    latest_ = cycle;
  }
  // `count` transfers; transfer k in cycle first + floor(k * numerator / denominator).
  void transfers(Cycle now, Cycle first, int64_t count, int numerator, int denominator) {
    if (!enabled()) return;
    forget(now);
    if (end_ - begin_ == series_.size())
      last_ = std::max(last_, series_[begin_++ % series_.size()].last());
    series_[end_++ % series_.size()] = {first, count, numerator, denominator};
  }

  // The cycle in which the counter reads `limit`, if nothing happens after what is known to have
  // happened before `now`: a counter that is cleared in the cycle of progress p reads 0 in p + 1
  // and k in p + 1 + k. Progress in `now` itself comes too late for what the counter reads in
  // `now`.
  Cycle deadline(Cycle now) {
    forget(now);
    Cycle last = latest_ < now ? std::max(last_, latest_) : last_;
    for (size_t i = begin_; i != end_; ++i)
      last = std::max(last, series_[i % series_.size()].last_before(now));
    return last + 1 + limit_;
  }

 private:
  struct Series {
    Cycle first = 0;
    int64_t count = 0;
    int numerator = 1, denominator = 1;
    Cycle at(int64_t k) const { return first + k * numerator / denominator; }
    Cycle last() const { return at(count - 1); }
    Cycle last_before(Cycle now) const {
      if (first >= now) return 0;
      // The greatest k with floor(k * numerator / denominator) < now - first.
      const int64_t k = ((now - first) * denominator - 1) / numerator;
      return at(std::min(k, count - 1));
    }
  };

  void forget(Cycle now) {
    while (begin_ != end_ && series_[begin_ % series_.size()].last() < now) {
      last_ = std::max(last_, series_[begin_++ % series_.size()].last());
    }
  }

  static constexpr size_t kSeries = 256;  // more than the bursts that can be in flight
  std::array<Series, kSeries> series_;
  size_t begin_ = 0, end_ = 0;
  uint32_t limit_ = 0;
  Cycle last_ = 0;    // of what is over and done with, before latest_
  Cycle latest_ = 0;  // as told to progress()
};

}  // namespace zahl::sim
