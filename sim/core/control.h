// Start, finish, errors, watchdog and the registers behind the control port (docs/machine.md,
// section 3; isa.md, registers).
#pragma once

#include <tlm>

#include "sim/base/unit.h"
#include "sim/core/dispatch.h"
#include "sim/dma/fetch.h"

namespace zahl::sim {

class Control : public sc_core::sc_module, public tlm::tlm_fw_transport_if<> {
 public:
  // Registers, 32 bits each: b_transport of 4 bytes at a multiple of 4, no time passes.
  tlm::tlm_target_socket<> registers{"registers"};

  Control(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours, Fetch& fetch,
          Dispatch& dispatch);
  void reset();

  bool interrupt() const { return done_; }

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  unsigned int transport_dbg(tlm::tlm_generic_payload& payload) override;

 private:
  uint32_t read(uint32_t offset) const;
  void write(uint32_t offset, uint32_t value);
  void start();

  void settle();
  void finish(Cycle t);
  bool quiet(Cycle t) const;
  void check_ownership();
  void watch();
  void interrupt_rises();

  MachineState& state_;
  Neighbours& neighbours_;
  Fetch& fetch_;
  Dispatch& dispatch_;
  Alarm ownership_alarm_, watchdog_alarm_, interrupt_alarm_;

  uint64_t program_ = 0;
  uint32_t watchdog_ = uint32_t{1} << 24;
  uint32_t counter_select_ = 0;
  bool done_ = false;
  isa::Error error_ = isa::Error::None;
  uint32_t error_index_ = 0;
};

}  // namespace zahl::sim
