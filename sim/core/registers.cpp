#include "sim/core/registers.h"

#include <cstring>

namespace zahl::sim {

namespace {

constexpr uint32_t kIdentity = 0x5A41484C;

}  // namespace

void Registers::reset() {
  program_ = 0;
  state_.instruction_count = 0;
  watchdog_ = kWatchdogAtReset;
  counter_select_ = 0;
}

uint32_t Registers::read(uint32_t offset) const {
  const uint64_t selected = state_.counters.at(counter_select_);
  switch (static_cast<isa::Register>(offset)) {
    case isa::Register::Identity:
      return kIdentity;
    case isa::Register::Version:
      return static_cast<uint32_t>(isa::kVersion) |
             static_cast<uint32_t>(state_.config.rows) << 16 |
             static_cast<uint32_t>(state_.config.columns) << 24;
    case isa::Register::Status:
      return (state_.running ? 1u : 0u) | (control_.interrupt() ? 2u : 0u) |
             (control_.interrupt() && control_.error() != isa::Error::None ? 4u : 0u);
    case isa::Register::Error:
      return static_cast<uint32_t>(control_.error());
    case isa::Register::ErrorIndex:
      return control_.error_index();
    case isa::Register::ProgramLow:
      return static_cast<uint32_t>(program_);
    case isa::Register::ProgramHigh:
      return static_cast<uint32_t>(program_ >> 32);
    case isa::Register::InstructionCount:
      return state_.instruction_count;
    case isa::Register::Watchdog:
      return watchdog_;
    case isa::Register::CounterSelect:
      return counter_select_;
    case isa::Register::CounterValue:
      return static_cast<uint32_t>(selected);
    case isa::Register::CounterValueHigh:
      return static_cast<uint32_t>(selected >> 32) & 0xffff;
    default:
      return 0;
  }
}

void Registers::write(uint32_t offset, uint32_t value) {
  switch (static_cast<isa::Register>(offset)) {
    case isa::Register::Control:
      if (state_.running) return;
      if ((value & 2) != 0) control_.clear();
      if ((value & 1) != 0) control_.start(program_, watchdog_);
      return;
    case isa::Register::ProgramLow:
      program_ = (program_ & ~uint64_t{0xffffffff}) | value;
      return;
    case isa::Register::ProgramHigh:
      program_ = (program_ & 0xffffffff) | uint64_t{value & 0xff} << 32;
      return;
    case isa::Register::InstructionCount:
      state_.instruction_count = value;
      return;
    case isa::Register::Watchdog:
      watchdog_ = value;
      return;
    case isa::Register::CounterSelect:
      counter_select_ = value;
      return;
    default:
      return;
  }
}

void Registers::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  if (payload.get_data_length() != 4 || payload.get_address() % 4 != 0) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  const auto offset = static_cast<uint32_t>(payload.get_address());
  uint32_t value = 0;
  if (payload.is_write()) {
    std::memcpy(&value, payload.get_data_ptr(), 4);
    write(offset, value);
  } else {
    value = read(offset);
    std::memcpy(payload.get_data_ptr(), &value, 4);
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

tlm::tlm_sync_enum Registers::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase&,
                                              sc_core::sc_time& delay) {
  b_transport(payload, delay);
  return tlm::TLM_COMPLETED;
}

bool Registers::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) { return false; }

unsigned int Registers::transport_dbg(tlm::tlm_generic_payload& payload) {
  if (!payload.is_read() || payload.get_data_length() != 4) return 0;
  const uint32_t value = read(static_cast<uint32_t>(payload.get_address()));
  std::memcpy(payload.get_data_ptr(), &value, 4);
  return 4;
}

}  // namespace zahl::sim
