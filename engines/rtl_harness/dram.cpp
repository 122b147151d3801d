#include "engines/rtl_harness/dram.h"

#include <algorithm>
#include <cstring>

namespace zahl::rtl {

Dram::Dram(MemoryImage bytes, const MemoryConfig& memory, const hw::Config& config, bool record)
    : bytes_(std::move(bytes)),
      timing_(memory, config.bus_bytes),
      bus_(static_cast<uint32_t>(config.bus_bytes)),
      record_(record) {
  const auto fetch_bytes = static_cast<size_t>(config.fetch_burst * isa::kInstructionBytes);
  const auto burst_bytes = static_cast<size_t>(config.burst_bytes);
  for (Read& read : reads_.slots) read.data.resize(std::max(fetch_bytes, burst_bytes));
  for (Write& write : writes_.slots) {
    write.data.resize(burst_bytes);
    write.strobes.resize(burst_bytes / bus_);
  }
}

bool Dram::past_end(uint64_t address, uint32_t beats) const {
  return address + uint64_t{beats} * bus_ > bytes_.size();
}

Dram::Answer Dram::answer(int64_t cycle) {
  Answer answer;
  if (cycle == next_beat_) {
    Read& read = reads_.at(reads_.first);
    answer.data = read.data.data() + size_t{read.next} * bus_;
    answer.id = read.id;
    answer.error = read.error;
    answer.last = ++read.next == read.beats;
    if (answer.last) ++reads_.first;
    if (reads_.empty()) {
      next_beat_ = kNever;
    } else {
      const Read& next = reads_.at(reads_.first);
      next_beat_ = next.timing.beat(next.next);
    }
  }
  if (cycle == next_response_) {
    answer.response = true;
    answer.response_error = writes_.at(writes_.first).error;
  }
  return answer;
}

void Dram::read_address(int64_t cycle, uint8_t id, uint64_t address, uint32_t beats) {
  const bool idle = reads_.empty();
  Read& read = reads_.at(reads_.end++);
  read.timing = timing_.read(cycle, static_cast<int>(beats));
  read.beats = beats;
  read.next = 0;
  read.id = id;
  read.error = past_end(address, beats);
  const size_t size = size_t{beats} * bus_;
  if (read.error) {
    std::memset(read.data.data(), 0, size);
  } else {
    std::memcpy(read.data.data(), bytes_.data() + address, size);
  }
  if (idle) next_beat_ = read.timing.beat(0);
  if (record_) {
    const auto kind = id == 0 ? Transaction::Kind::Fetch : Transaction::Kind::Load;
    transactions_.push_back({kind, cycle, read.timing.beat(beats - 1), address, beats,
                             hash_bytes({read.data.data(), size})});
  }
}

void Dram::write_address(uint64_t address, uint32_t beats) {
  Write& write = writes_.at(writes_.end++);
  write.address = address;
  write.beats = beats;
  write.next = 0;
  write.error = past_end(address, beats);
}

void Dram::write_beat(int64_t cycle, const void* data, uint64_t strobe, bool last) {
  Write& write = writes_.at(filling_);
  uint8_t* beat = write.data.data() + size_t{write.next} * bus_;
  std::memcpy(beat, data, bus_);
  if (~strobe << (64 - bus_) != 0) {
    for (uint32_t i = 0; i < bus_; ++i) {
      if ((strobe >> i & 1) == 0) beat[i] = 0;
    }
  }
  write.strobes[write.next++] = strobe;
  if (!last) return;

  ++filling_;
  write.response = timing_.write(cycle, static_cast<int>(write.beats));
  if (writes_.first == arrived_++) next_response_ = write.response;
  if (record_) {
    const uint64_t hash = hash_bytes({write.data.data(), size_t{write.beats} * bus_});
    transactions_.push_back(
        {Transaction::Kind::Store, cycle, write.response, write.address, write.beats, hash});
  }
}

void Dram::finish_write() {
  const Write& write = writes_.at(writes_.first++);
  if (!write.error) {
    for (uint32_t k = 0; k < write.beats; ++k) {
      for (uint32_t i = 0; i < bus_; ++i) {
        const size_t place = size_t{k} * bus_ + i;
        if (write.strobes[k] >> i & 1) bytes_[write.address + place] = write.data[place];
      }
    }
  }
  next_response_ = writes_.first == arrived_ ? kNever : writes_.at(writes_.first).response;
}

}  // namespace zahl::rtl
