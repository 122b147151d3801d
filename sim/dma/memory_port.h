// A burst on its way to the memory: the TLM payload carries the bytes, this extension what AXI says
// beside them and what the memory answers (docs/machine.md, section 4).
//
// The payload's address and length are those of the bytes wanted; the burst moves all bus beats
// that they touch. A null data pointer asks for the timing alone. Memory completes a burst in
// nb_transport_fw, at its arrival.
#pragma once

#include <systemc>
#include <tlm>

#include "contract/run.h"
#include "memory/ideal_memory.h"
#include "sim/base/cycle.h"

namespace zahl::sim {

struct Burst : tlm::tlm_extension<Burst> {
  Transaction::Kind kind = Transaction::Kind::Fetch;
  // Answers. Read data beats; the cycle of the write response.
  int beats = 0;
  memory::IdealMemory::ReadTiming read;
  Cycle response = 0;
  bool error = false;

  Cycle last_beat() const { return read.beat(beats - 1); }

  tlm::tlm_extension_base* clone() const override { return new Burst(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const Burst&>(other);
  }
};

// The device's side of the memory channel, shared by fetch, load and store. One burst at a time:
// memory answers at once.
class MemoryPort {
 public:
  explicit MemoryPort(tlm::tlm_initiator_socket<>& socket) : socket_(socket) {
    payload_.set_extension(&burst_);
  }
  ~MemoryPort() { payload_.clear_extension(&burst_); }
  MemoryPort(const MemoryPort&) = delete;
  MemoryPort& operator=(const MemoryPort&) = delete;

  // The answer is valid until the next call. `data` holds the bytes read, zeros after an error.
  const Burst& read(Transaction::Kind kind, uint64_t address, uint32_t bytes, uint8_t* data) {
    return transfer(tlm::TLM_READ_COMMAND, kind, address, bytes, data);
  }
  const Burst& write(uint64_t address, uint32_t bytes, uint8_t* data) {
    return transfer(tlm::TLM_WRITE_COMMAND, Transaction::Kind::Store, address, bytes, data);
  }

 private:
  const Burst& transfer(tlm::tlm_command command, Transaction::Kind kind, uint64_t address,
                        uint32_t bytes, uint8_t* data) {
    burst_.kind = kind;
    payload_.set_command(command);
    payload_.set_address(address);
    payload_.set_data_ptr(data);
    payload_.set_data_length(bytes);
    payload_.set_streaming_width(bytes);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket_->nb_transport_fw(payload_, phase, delay);
    burst_.error = payload_.is_response_error();
    return burst_;
  }

  tlm::tlm_initiator_socket<>& socket_;
  tlm::tlm_generic_payload payload_;
  Burst burst_;
};

}  // namespace zahl::sim
