#include "sim/dma/load.h"

namespace zahl::sim {

Load::Load(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
           MemoryPort& port, const Fetch& fetch, Scratchpad& scratchpad)
    : Unit(name, isa::Unit::Load, state, neighbours),
      port_(port),
      fetch_(fetch),
      scratchpad_(scratchpad),
      ask_alarm_(state.time, Step::LoadAddress) {
  SC_HAS_PROCESS(Load);
  SC_METHOD(ask);
  dont_initialize();
  sensitive << ask_alarm_.event();
}

void Load::reset() {
  Unit::reset();
  in_flight_limit_ = static_cast<size_t>(state_.config.dma_instructions);
  ask_alarm_.cancel();
  last_beats_.reset(static_cast<size_t>(state_.config.load_bursts));
  partial_.resize(static_cast<size_t>(state_.config.burst_bytes));
}

void Load::start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) {
  const auto& x = std::get<isa::Load>(instruction);
  bursts_.begin(x, state_.config);
  sequence_ = sequence;
  write_banks_ = x.common.write_banks;
  set_ready(kNever);
  ask_alarm_.at(s + 1);
}

// Asks the memory for the current burst and writes its bytes where they are allowed.
const Burst& Load::transfer(bool& is_claimed) {
  scratchpad_.note_write(write_banks_);
  is_claimed = scratchpad_.allows(bursts_.scratchpad(), bursts_.bytes(), write_banks_);
  if (is_claimed || !state_.compute_values) {
    uint8_t* to = state_.compute_values ? scratchpad_.data() + bursts_.scratchpad() : nullptr;
    return port_.read(Transaction::Kind::Load, bursts_.dram(), bursts_.bytes(), to);
  }
  const Burst& burst =
      port_.read(Transaction::Kind::Load, bursts_.dram(), bursts_.bytes(), partial_.data());
  bursts_.for_each_beat([&](uint32_t offset, uint32_t size) {
    const int64_t to = bursts_.scratchpad() + offset;
    if (scratchpad_.allows(to, size, write_banks_))
      std::memcpy(scratchpad_.data() + to, partial_.data() + offset, size);
  });
  return burst;
}

void Load::ask() {
  ask_alarm_.fired();
  const Cycle t = state_.time.now();
  if (fetch_.asked_in(t)) return ask_alarm_.at(t + 1);
  while (!last_beats_.empty() && last_beats_.front() < t) last_beats_.pop();
  if (last_beats_.size() >= static_cast<size_t>(state_.config.load_bursts)) {
    return ask_alarm_.at(last_beats_.front() + 1);
  }

  bool is_claimed = false;
  const Burst& burst = transfer(is_claimed);
  const Cycle last = burst.last_beat();
  last_beats_.push() = last;
  if (!is_claimed) set_fault(sequence_, isa::Error::Range);
  if (burst.error) set_fault(sequence_, isa::Error::Bus);
  state_.counters[isa::Counter::ReadBeats] += static_cast<uint64_t>(burst.beats);
  state_.watchdog.progress(t);
  state_.watchdog.transfers(t, burst.read.first, burst.beats, burst.read.bus, burst.read.rate);

  bursts_.advance();
  if (!bursts_.done()) return ask_alarm_.at(t + 1);
  set_end(sequence_, last + hw::kLoadWrite);
  set_ready(t + 1);
}

}  // namespace zahl::sim
