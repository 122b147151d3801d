// The registers behind the control port: what isa.md lists under registers.
//
// 32 bits each: b_transport of 4 bytes at a multiple of 4, no time passes. Unknown addresses read 0
// and ignore writes; start and clear are ignored while the machine runs.
#pragma once

#include <tlm>

#include "sim/core/control.h"

namespace zahl::sim {

class Registers : public sc_core::sc_module, public tlm::tlm_fw_transport_if<> {
 public:
  tlm::tlm_target_socket<> socket{"socket"};

  Registers(sc_core::sc_module_name name, MachineState& state, Control& control)
      : sc_module(name), state_(state), control_(control) {
    socket.bind(*this);
  }
  void reset();

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  unsigned int transport_dbg(tlm::tlm_generic_payload& payload) override;

 private:
  static constexpr uint32_t kWatchdogAtReset = uint32_t{1} << 24;

  uint32_t read(uint32_t offset) const;
  void write(uint32_t offset, uint32_t value);

  MachineState& state_;
  Control& control_;
  uint64_t program_ = 0;
  uint32_t watchdog_ = kWatchdogAtReset;
  uint32_t counter_select_ = 0;
};

}  // namespace zahl::sim
