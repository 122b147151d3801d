#include "sim/dma/store.h"

namespace zahl::sim {

Store::Store(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
             MemoryPort& port, Scratchpad& scratchpad)
    : Unit(name, isa::Unit::Store, state, neighbours),
      port_(port),
      scratchpad_(scratchpad),
      begin_alarm_(state.time, Step::Decide),
      arrive_alarm_(state.time, Step::Arrive) {
  SC_HAS_PROCESS(Store);
  SC_METHOD(begin_burst);
  dont_initialize();
  sensitive << begin_alarm_.event();
  SC_METHOD(arrive);
  dont_initialize();
  sensitive << arrive_alarm_.event();
}

void Store::reset() {
  Unit::reset();
  in_flight_limit_ = static_cast<size_t>(state_.config.dma_instructions);
  begin_alarm_.cancel();
  arrive_alarm_.cancel();
  begun_.reset(static_cast<size_t>(state_.config.store_bursts));
  responses_.reset(static_cast<size_t>(state_.config.store_bursts));
  partial_.resize(static_cast<size_t>(state_.config.burst_bytes));
}

void Store::start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) {
  const auto& x = std::get<isa::Store>(instruction);
  bursts_.begin(x, state_.config);
  sequence_ = sequence;
  read_banks_ = x.common.read_banks;
  earliest_ = s + 1;
  set_ready(kNever);
  begin_alarm_.at(earliest_);
}

void Store::begin_burst() {
  begin_alarm_.fired();
  const Cycle c = state_.time.now();
  if (bursts_.done()) return;
  while (!responses_.empty() && responses_.front() < c) responses_.pop();
  if (begun_.size() + responses_.size() >= static_cast<size_t>(state_.config.store_bursts)) {
    // Without a response on its way, the next arrival wakes.
    if (!responses_.empty()) begin_alarm_.at(responses_.front() + 1);
    return;
  }

  const int beats = bursts_.beats();
  const uint64_t dram = bursts_.dram();
  const int64_t scratchpad = bursts_.scratchpad();
  const uint32_t bytes = bursts_.bytes();
  if (!scratchpad_.allows(scratchpad, bytes, read_banks_)) set_fault(sequence_, isa::Error::Range);
  state_.counters[isa::Counter::WriteBeats] += static_cast<uint64_t>(beats);
  state_.watchdog.transfers(c, c + hw::kStoreRead, beats, 1, 1);
  bursts_.advance();

  const Cycle arrival = c + beats - 1 + hw::kStoreRead;
  if (begun_.empty()) arrive_alarm_.at(arrival);
  begun_.push() = {arrival, dram, scratchpad, bytes, sequence_, read_banks_, bursts_.done()};
  earliest_ = c + beats;
  if (!bursts_.done()) return begin_alarm_.at(earliest_);
  set_ready(earliest_);
}

uint8_t* Store::bytes_of(const Begun& burst) {
  if (!state_.compute_values) return nullptr;
  if (scratchpad_.allows(burst.scratchpad, burst.bytes, burst.read_banks))
    return scratchpad_.data() + burst.scratchpad;
  const uint64_t bus = static_cast<uint64_t>(state_.config.bus_bytes);
  for (uint64_t offset = 0; offset < burst.bytes;) {
    const uint64_t size = std::min(burst.bytes - offset, bus - (burst.dram + offset) % bus);
    const int64_t from = burst.scratchpad + static_cast<int64_t>(offset);
    if (scratchpad_.allows(from, static_cast<int64_t>(size), burst.read_banks)) {
      std::memcpy(partial_.data() + offset, scratchpad_.data() + from, size);
    } else {
      std::memset(partial_.data() + offset, 0, size);
    }
    offset += size;
  }
  return partial_.data();
}

void Store::arrive() {
  arrive_alarm_.fired();
  const Cycle t = state_.time.now();
  const Begun arrived = begun_.front();
  const Burst& burst = port_.write(arrived.dram, arrived.bytes, bytes_of(arrived));
  begun_.pop();
  if (!begun_.empty()) arrive_alarm_.at(begun_.front().arrival);
  // Responses that were visible before this cycle make place; no more than store_bursts are ever
  // outstanding.
  while (!responses_.empty() && responses_.front() < t) responses_.pop();
  responses_.push() = burst.response;
  state_.watchdog.transfers(t, burst.response, 1, 1, 1);
  if (burst.error) set_fault(arrived.sequence, isa::Error::Bus);
  if (arrived.ends_instruction) set_end(arrived.sequence, burst.response + 1);
  if (!bursts_.done()) begin_alarm_.at(std::max(earliest_, t + 1));
}

}  // namespace zahl::sim
