// The fetch buffer as dispatch and control see it; fetch fills it (sim/dma/fetch.h).
#pragma once

#include "isa/encoding.h"
#include "sim/base/fifo.h"
#include "sim/base/time_axis.h"

namespace zahl::sim {

class FetchBuffer {
 public:
  struct Fetched {
    Cycle available = 0;  // dispatch can take it from this cycle on
    bool legal = false;
    isa::Instruction instruction;
  };

  virtual ~FetchBuffer() = default;
  virtual void reset() = 0;
  // control.start: the first burst is asked for in cycle 1.
  virtual void start(uint64_t program) = 0;
  virtual void take(Cycle t) = 0;

  // Fetch tells dispatch when the head of an empty buffer will be available.
  void set_dispatch(Alarm& dispatch) { dispatch_ = &dispatch; }
  bool empty() const { return buffer_.empty(); }
  const Fetched& head() const { return buffer_.front(); }
  // No burst is outstanding from this cycle on.
  Cycle quiet() const { return quiet_; }

 protected:
  Fifo<Fetched> buffer_;
  Alarm* dispatch_ = nullptr;
  Cycle quiet_ = 0;
};

}  // namespace zahl::sim
