#include "sim/top/model.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <stdexcept>

#include "isa/error.h"
#include "sim/base/witness.h"
#include "sim/top/device.h"
#include "sim/top/memory_target.h"

namespace zahl::sim {

namespace {

// Reads and writes the device's registers, as software would.
class Driver : public sc_core::sc_module, public tlm::tlm_bw_transport_if<> {
 public:
  tlm::tlm_initiator_socket<> socket{"socket"};

  explicit Driver(sc_core::sc_module_name name) : sc_module(name) { socket.bind(*this); }

  void write(isa::Register offset, uint32_t value) {
    transfer(tlm::TLM_WRITE_COMMAND, offset, value);
  }
  uint32_t read(isa::Register offset) {
    uint32_t value = 0;
    transfer(tlm::TLM_READ_COMMAND, offset, value);
    return value;
  }

  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                     sc_core::sc_time&) override {
    return tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

 private:
  void transfer(tlm::tlm_command command, isa::Register offset, uint32_t& value) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(static_cast<uint64_t>(offset));
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
  }
  void transfer(tlm::tlm_command command, isa::Register offset, uint32_t&& value) {
    transfer(command, offset, value);
  }
};

// All that SystemC elaborates, once in a process.
struct Platform {
  Device device{"device"};
  MemoryTarget memory{"memory", device.time()};
  Driver driver{"driver"};

  Platform() {
    device.memory.bind(memory.socket);
    driver.socket.bind(device.registers());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
};

Platform& platform() {
  static Platform& instance =
      *new Platform;  // SystemC's own statics may be gone before ours at exit
  return instance;
}

void start(Driver& driver, const DeviceProgram& program, uint32_t watchdog_cycles) {
  driver.write(isa::Register::ProgramLow, static_cast<uint32_t>(program.program_address));
  driver.write(isa::Register::ProgramHigh, static_cast<uint32_t>(program.program_address >> 32));
  driver.write(isa::Register::InstructionCount, program.instruction_count);
  driver.write(isa::Register::Watchdog, watchdog_cycles);
  driver.write(isa::Register::Control, 1);
}

void read_results(Driver& driver, RunResult& result) {
  if ((driver.read(isa::Register::Status) & 4) != 0) {
    result.error = static_cast<isa::Error>(driver.read(isa::Register::Error));
    result.error_index = driver.read(isa::Register::ErrorIndex);
  }
  for (uint32_t n = 0; n < isa::kCounterCount; ++n) {
    driver.write(isa::Register::CounterSelect, n);
    result.counters[n] = driver.read(isa::Register::CounterValue) |
                         uint64_t{driver.read(isa::Register::CounterValueHigh)} << 32;
  }
  result.cycles = static_cast<int64_t>(result.counters[static_cast<size_t>(isa::Counter::Cycles)]);
}

// The whole simulation stands under the witness, SystemC's scheduling with it.
int64_t simulate(bool is_witnessed) {
  std::optional<Witness> witness;
  if (is_witnessed) witness.emplace();
  sc_core::sc_start();
  return witness ? witness->finish() : 0;
}

}  // namespace

RunResult run_model(const hw::Config& config, const MemoryConfig& memory, DeviceProgram program,
                    const RunOptions& options) {
  if (program.program_address % 512 != 0) {
    throw UserError(fmt::format("the program stands at address {}: it must be a multiple of 512",
                                program.program_address));
  }
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  Platform& p = platform();
  p.device.configure(config, options);
  p.memory.reset(memory, config.bus_bytes, std::move(program.memory), options.trace_transactions,
                 options.compute_values);
  start(p.driver, program, options.watchdog_cycles);
  const int64_t witness_sections = simulate(options.witness);
  if (!p.device.interrupt()) {
    throw std::runtime_error(
        "the program waits for a token that never comes, and the watchdog is off");
  }
  RunResult result;
  result.witness_sections = witness_sections;
  read_results(p.driver, result);
  result.instructions = p.device.take_trace();
  result.transactions = p.memory.take_transactions();
  result.memory = p.memory.take_bytes();
  return result;
}

}  // namespace zahl::sim
