// The memory outside the device as a TLM target: timing of IdealMemory, bytes of Dram, and a record
// of the bursts. Completes each burst at its arrival; payloads carry a Burst extension.
#pragma once

#include <systemc>
#include <tlm>
#include <vector>

#include "memory/dram.h"
#include "memory/ideal_memory.h"
#include "sim/base/time_axis.h"
#include "sim/dma/memory_port.h"

namespace zahl::sim {

class MemoryTarget : public sc_core::sc_module, public tlm::tlm_fw_transport_if<> {
 public:
  tlm::tlm_target_socket<> socket{"socket"};

  MemoryTarget(sc_core::sc_module_name name, const TimeAxis& time) : sc_module(name), time_(time) {
    socket.bind(*this);
  }

  // `record`: keep the transactions; `hash`: with the hash of their bytes.
  void reset(const MemoryConfig& config, int bus_bytes, MemoryImage bytes, bool record, bool hash);
  MemoryImage take_bytes() { return dram_.take(); }
  std::vector<Transaction> take_transactions() { return std::move(transactions_); }

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  // Timed bursts alone.
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  unsigned int transport_dbg(tlm::tlm_generic_payload& payload) override;

 private:
  void read(tlm::tlm_generic_payload& payload, Burst& burst, Cycle t);
  void write(tlm::tlm_generic_payload& payload, Burst& burst, Cycle t);

  const TimeAxis& time_;
  memory::IdealMemory timing_{{}, 1};
  memory::Dram dram_;
  uint64_t bus_ = 1;
  bool record_ = false, hash_ = false;
  std::vector<Transaction> transactions_;
};

}  // namespace zahl::sim
