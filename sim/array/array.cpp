#include "sim/array/array.h"

#include "contract/timing.h"

namespace zahl::sim {

Array::Array(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
             Storage& storage)
    : Unit(name, isa::Unit::Array, state, neighbours), storage_(storage) {
  // Whatever is not streaming while an instruction is held counts as waiting for weights.
  counters_.count_covered_as(isa::Counter::ArrayWeights);
  in_flight_limit_ = InFlight::kMost;
}

void Array::reset() {
  Unit::reset();
  conv_.reset(state_.config);
  depthwise_.reset(state_.config);
  streamed_ = 0;
}

void Array::start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) {
  const timing::TileSequence tiles = timing::tile_sequence(instruction, state_.config);
  bool is_allowed = true;
  if (const auto* conv = std::get_if<isa::Conv>(&instruction)) {
    is_allowed = conv_.execute(*conv, storage_, state_.compute_values);
  } else {
    is_allowed =
        depthwise_.execute(std::get<isa::Depthwise>(instruction), storage_, state_.compute_values);
  }
  if (!is_allowed) set_fault(sequence, isa::Error::Range);

  const timing::ArrayCycles cycles = timing::array_cycles(tiles, s, streamed_);
  streamed_ = cycles.streamed;
  counters_.set_covered(cycles.streamed);
  set_end(sequence, cycles.end);
  set_ready(cycles.ready);

  const auto streaming = static_cast<uint64_t>(tiles.streaming_cycles());
  state_.counters[isa::Counter::ArrayBusy] += streaming;
  state_.counters[isa::Counter::ArrayWeights] -=
      streaming;  // covered cycles are added as they pass
}

}  // namespace zahl::sim
