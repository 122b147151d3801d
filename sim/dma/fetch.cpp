#include "sim/dma/fetch.h"

namespace zahl::sim {

Fetch::Fetch(sc_core::sc_module_name name, MachineState& state, MemoryPort& port)
    : sc_module(name), state_(state), port_(port), ask_alarm_(state.time, Step::Decide) {
  SC_HAS_PROCESS(Fetch);
  SC_METHOD(ask);
  dont_initialize();
  sensitive << ask_alarm_.event();
}

void Fetch::reset() {
  ask_alarm_.cancel();
  buffer_.reset(static_cast<size_t>(state_.config.fetch_depth));
  left_ = asked_ = taken_ = 0;
  last_taken_ = last_asked_ = -1;
  quiet_ = 0;
}

void Fetch::start(uint64_t program) {
  address_ = program;
  left_ = state_.instruction_count;
  if (left_ != 0) ask_alarm_.at(1);
}

uint32_t Fetch::next_burst() const {
  return std::min(left_, static_cast<uint32_t>(state_.config.fetch_burst));
}

void Fetch::take(Cycle t) {
  buffer_.pop();
  last_taken_ = t;
  ++taken_;
  if (left_ != 0 &&
      asked_ - taken_ + next_burst() <= static_cast<uint32_t>(state_.config.fetch_depth)) {
    ask_alarm_.at(t + 1);
  }
}

void Fetch::ask() {
  ask_alarm_.fired();
  const Cycle t = state_.time.now();
  if (left_ == 0 || state_.error_visible(t)) return;
  const uint32_t count = next_burst();
  const uint32_t used = asked_ - taken_ + (last_taken_ == t ? 1 : 0);  // at the start of the cycle
  const uint32_t depth = static_cast<uint32_t>(state_.config.fetch_depth);
  if (used + count > depth) return;  // dispatch wakes when it has taken enough, or has just done so

  uint8_t words[8 * isa::kInstructionBytes];
  const uint32_t bytes = count * isa::kInstructionBytes;
  const Burst& burst = port_.read(Transaction::Kind::Fetch, address_, bytes, words);
  const int beats_each = isa::kInstructionBytes / state_.config.bus_bytes;
  const bool was_empty = buffer_.empty();
  for (uint32_t i = 0; i < count; ++i) {
    Fetched& place = buffer_.push();
    place.available = burst.read.beat((i + 1) * beats_each - 1) + 1;
    const std::span<const uint8_t, isa::kInstructionBytes> word(words + i * isa::kInstructionBytes,
                                                                isa::kInstructionBytes);
    auto instruction = burst.error ? std::nullopt : isa::decode_legal(word, state_.config);
    place.legal = instruction.has_value();
    if (instruction) place.instruction = *instruction;
  }
  if (was_empty) dispatch_->at(buffer_.front().available);

  state_.counters[isa::Counter::ReadBeats] += static_cast<uint64_t>(burst.beats);
  state_.watchdog.progress(t);
  state_.watchdog.transfers(t, burst.read.first, burst.beats, burst.read.bus, burst.read.rate);
  address_ += bytes;
  left_ -= count;
  asked_ += count;
  last_asked_ = t;
  quiet_ = burst.last_beat() + 1;
  if (left_ != 0 && asked_ - taken_ + next_burst() <= depth) ask_alarm_.at(t + 1);
}

}  // namespace zahl::sim
