#include "array/array.h"

namespace zahl::sim {

namespace {

struct Stream {
  int64_t tiles = 0, vectors = 0;  // vectors of each tile
  bool has_second = false;         // a second stream takes the weight port while it streams
};

Stream stream_of(const isa::Conv& x) {
  return {int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks, int64_t{x.out_rows} * x.out_columns,
          x.split != 0};
}

Stream stream_of(const isa::Depthwise& x) {
  return {int64_t{x.blocks} * x.passes, streamed_rows(x) * row_vectors(x), x.pairs != 0};
}

}  // namespace

Array::Array(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours, mem::Storage& storage)
    : Unit(name, isa::Unit::Array, state, neighbours), storage_(storage) {
  // Whatever is not streaming while an instruction is held counts as waiting for weights.
  covered_counter_ = static_cast<int>(isa::Counter::ArrayWeights) - static_cast<int>(isa::Counter::ArrayBusy);
  in_flight_limit_ = kMostInFlight;
}

void Array::reset() {
  Unit::reset();
  conv_.reset(state_.config);
  depthwise_.reset(state_.config);
  streamed_ = 0;
}

void Array::start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) {
  Stream stream;
  bool is_allowed = true;
  if (const auto* conv = std::get_if<isa::Conv>(&instruction)) {
    stream = stream_of(*conv);
    is_allowed = conv_.execute(*conv, storage_, state_.compute_values);
  } else {
    const auto& depthwise = std::get<isa::Depthwise>(instruction);
    stream = stream_of(depthwise);
    is_allowed = depthwise_.execute(depthwise, storage_, state_.compute_values);
  }
  if (!is_allowed) set_fault(sequence, isa::Error::Range);

  const Cycle lines = state_.config.weight_tile_lines();
  const Cycle first = std::max(s + 1 + lines, streamed_);
  const Cycle apart = stream.has_second ? stream.vectors + lines : std::max(stream.vectors, lines);
  const Cycle last = first + (stream.tiles - 1) * apart;
  streamed_ = last + stream.vectors;
  set_covered(streamed_);
  set_end(sequence, streamed_ + hw::kArrayPipeline);
  set_ready(stream.has_second ? streamed_ : last + 1);

  const auto streaming = static_cast<uint64_t>(stream.tiles * stream.vectors);
  state_.counter(isa::Counter::ArrayBusy) += streaming;
  state_.counter(isa::Counter::ArrayWeights) -= streaming;  // covered cycles are added as they pass
}

}  // namespace zahl::sim
