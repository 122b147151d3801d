// DRAM as the RTL's bench sees it: timing of the shared memory model, bytes in a vector, a record
// of the bursts.
//
// In each cycle the bench asks answer() what the memory drives, then tells what the device
// transferred: read address first, then write address, then write data, then end_cycle(). A read
// sees the bytes as they stand when it arrives; a write's bytes change with its response. Allocates
// nothing after construction but the record.
#pragma once

#include <cstdint>
#include <vector>

#include "contract/run.h"
#include "memory/ideal_memory.h"

namespace zahl::rtl {

class Dram {
 public:
  // What is on the read data and write response channels in a cycle.
  struct Answer {
    const uint8_t* data = nullptr;  // of the beat; null: no beat
    uint8_t id = 0;
    bool last = false, error = false;
    bool response = false, response_error = false;
  };

  Dram(MemoryImage bytes, const MemoryConfig& memory, const hw::Config& config, bool record);

  Answer answer(int64_t cycle);
  void read_address(int64_t cycle, uint8_t id, uint64_t address, uint32_t beats);
  void write_address(uint64_t address, uint32_t beats);
  void write_beat(int64_t cycle, const void* data, uint64_t strobe, bool last);
  bool expects_data() const {
    return filling_ != writes_.end;
  }  // an address has come whose data has not
  void end_cycle(int64_t cycle) {
    if (cycle == next_response_) finish_write();
  }

  MemoryImage& bytes() { return bytes_; }
  std::vector<Transaction>& transactions() { return transactions_; }

 private:
  static constexpr int64_t kNever = INT64_MIN;
  static constexpr uint32_t kBursts = 256;  // more than the device can have in flight

  struct Read {
    memory::IdealMemory::ReadTiming timing;
    uint32_t beats = 0, next = 0;
    uint8_t id = 0;
    bool error = false;
    std::vector<uint8_t> data;
  };
  struct Write {
    uint64_t address = 0;
    uint32_t beats = 0, next = 0;
    int64_t response = 0;
    bool error = false;
    std::vector<uint8_t> data;
    std::vector<uint64_t> strobes;
  };
  // Of bursts in order: [first, end) are alive.
  template <typename Burst>
  struct Ring {
    std::vector<Burst> slots = std::vector<Burst>(kBursts);
    uint32_t first = 0, end = 0;
    Burst& at(uint32_t n) { return slots[n % kBursts]; }
    bool empty() const { return first == end; }
  };

  bool past_end(uint64_t address, uint32_t beats) const;
  void finish_write();

  MemoryImage bytes_;
  memory::IdealMemory timing_;
  uint32_t bus_;
  bool record_;
  Ring<Read> reads_;
  Ring<Write> writes_;
  uint32_t filling_ = 0;  // the write that takes data
  uint32_t arrived_ = 0;  // end of the writes that have all data
  int64_t next_beat_ = kNever, next_response_ = kNever;
  std::vector<Transaction> transactions_;
};

}  // namespace zahl::rtl
