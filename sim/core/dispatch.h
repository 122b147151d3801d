// Takes instructions from the fetch buffer, in order, at most one a cycle, to the queues of their
// units (docs/machine.md, section 5).
#pragma once

#include "sim/core/fetch_buffer.h"
#include "sim/core/unit.h"

namespace zahl::sim {

class Dispatch : public sc_core::sc_module {
 public:
  Dispatch(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
           FetchBuffer& fetch);
  void reset();
  // Counts the cycles before `end`, the first in which nothing is counted any more.
  void account(Cycle end);

 private:
  void take();

  MachineState& state_;
  Neighbours& neighbours_;
  FetchBuffer& fetch_;
  Alarm take_alarm_;
  Cycle accounted_ = 1;  // cycles before this one have been counted
};

}  // namespace zahl::sim
