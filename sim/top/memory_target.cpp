#include "sim/top/memory_target.h"

#include <cstring>

#include "isa/round.h"

namespace zahl::sim {

namespace {

uint64_t hash_zeros(uint64_t count, uint64_t hash) {
  for (uint64_t i = 0; i < count; ++i) hash *= 0x100000001b3ull;  // hash_bytes of a zero
  return hash;
}

}  // namespace

void MemoryTarget::reset(const MemoryConfig& config, int bus_bytes, MemoryImage bytes, bool record,
                         bool hash) {
  timing_ = memory::IdealMemory(config, bus_bytes);
  bus_ = static_cast<uint64_t>(bus_bytes);
  dram_.reset(std::move(bytes));
  record_ = record;
  hash_ = hash;
  transactions_.clear();
}

tlm::tlm_sync_enum MemoryTarget::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase&,
                                                 sc_core::sc_time& delay) {
  b_transport(payload, delay);
  return tlm::TLM_COMPLETED;
}

void MemoryTarget::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  auto* burst = payload.get_extension<Burst>();
  if (burst == nullptr) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  const uint64_t first = payload.get_address() % bus_;
  burst->beats = static_cast<int>(ceil_div(first + payload.get_data_length(), bus_));
  const uint64_t aligned = payload.get_address() - first;
  const bool is_inside = dram_.contains(aligned, static_cast<uint64_t>(burst->beats) * bus_);
  payload.set_response_status(is_inside ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
  if (payload.is_read()) {
    read(payload, *burst, time_.now());
  } else {
    write(payload, *burst, time_.now());
  }
}

void MemoryTarget::read(tlm::tlm_generic_payload& payload, Burst& burst, Cycle t) {
  burst.read = timing_.read(t, burst.beats);
  const uint64_t address = payload.get_address(), aligned = address - address % bus_;
  const uint64_t size = static_cast<uint64_t>(burst.beats) * bus_;
  const bool is_error = payload.is_response_error();
  if (uint8_t* to = payload.get_data_ptr()) {
    if (is_error) {
      std::memset(to, 0, payload.get_data_length());
    } else {
      std::memcpy(to, dram_.read(t, address), payload.get_data_length());
    }
  }
  if (!record_) return;
  uint64_t hash = 0;
  if (hash_) {
    constexpr uint64_t kSeed = 0xcbf29ce484222325ull;
    hash = is_error ? hash_zeros(size, kSeed) : hash_bytes({dram_.read(t, aligned), size});
  }
  transactions_.push_back(
      {burst.kind, t, burst.last_beat(), aligned, static_cast<uint32_t>(burst.beats), hash});
}

void MemoryTarget::write(tlm::tlm_generic_payload& payload, Burst& burst, Cycle t) {
  burst.response = timing_.write(t, burst.beats);
  const uint64_t address = payload.get_address(), first = address % bus_,
                 length = payload.get_data_length();
  const uint8_t* bytes = payload.get_data_ptr();
  if (bytes != nullptr && !payload.is_response_error())
    dram_.write(t, burst.response, address, bytes, length);
  if (!record_) return;
  uint64_t hash = 0;
  if (hash_ && bytes != nullptr) {
    hash = hash_zeros(first, 0xcbf29ce484222325ull);
    hash = hash_bytes({bytes, length}, hash);
    hash = hash_zeros(static_cast<uint64_t>(burst.beats) * bus_ - first - length, hash);
  }
  transactions_.push_back(
      {burst.kind, t, burst.response, address - first, static_cast<uint32_t>(burst.beats), hash});
}

bool MemoryTarget::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) { return false; }

unsigned int MemoryTarget::transport_dbg(tlm::tlm_generic_payload&) { return 0; }

}  // namespace zahl::sim
