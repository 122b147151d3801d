// The accelerator: units, dispatch and control around the memories on the chip, with a TLM socket
// for DRAM and one for the control registers. Elaborated once, then configured for each machine.
#pragma once

#include <systemc>
#include <tlm>

#include "sim/array/array.h"
#include "sim/core/control.h"
#include "sim/core/dispatch.h"
#include "sim/core/registers.h"
#include "sim/dma/fetch.h"
#include "sim/dma/load.h"
#include "sim/dma/store.h"
#include "sim/post/post.h"

namespace zahl::sim {

class Device : public sc_core::sc_module, public tlm::tlm_bw_transport_if<> {
 public:
  tlm::tlm_initiator_socket<> memory{"memory"};

  explicit Device(sc_core::sc_module_name name) : sc_module(name) { memory.bind(*this); }

  // Reset of a machine with these parameters. REQUIRES: not running.
  void configure(const hw::Config& config, const RunOptions& options);

  tlm::tlm_target_socket<>& registers() { return registers_.socket; }
  const TimeAxis& time() const { return state_.time; }
  bool interrupt() const { return control_.interrupt(); }
  // Of the run before, by program index; instructions that did not run are left out.
  std::vector<InstructionTrace> take_trace();

  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                     sc_core::sc_time&) override {
    return tlm::TLM_COMPLETED;  // memory completes bursts on the way forward
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

 private:
  MachineState state_;
  Storage storage_;
  Neighbours neighbours_;
  MemoryPort port_{memory};

  Fetch fetch_{"fetch", state_, port_};
  Load load_{"load", state_, neighbours_, port_, fetch_, storage_.scratchpad};
  Store store_{"store", state_, neighbours_, port_, storage_.scratchpad};
  Array array_{"array", state_, neighbours_, storage_};
  Post post_{"post", state_, neighbours_, storage_};
  Dispatch dispatch_{"dispatch", state_, neighbours_, fetch_};
  Control control_{"control", state_, neighbours_, fetch_, dispatch_};
  Registers registers_{"registers", state_, control_};
};

}  // namespace zahl::sim
