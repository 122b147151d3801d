// The device as software sees it: registers over its TLM socket, restarted without a reset between.
#include <gtest/gtest.h>

#include "sim/top/device.h"
#include "sim/top/memory_target.h"
#include "tests/timing/tiny_machine.h"

namespace zahl::sim {
namespace {

class Software : public sc_core::sc_module, public tlm::tlm_bw_transport_if<> {
 public:
  tlm::tlm_initiator_socket<> socket{"socket"};
  explicit Software(sc_core::sc_module_name name) : sc_module(name) { socket.bind(*this); }

  tlm::tlm_response_status transfer(tlm::tlm_command command, uint64_t offset, uint32_t& value,
                                    unsigned bytes = 4) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(offset);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(bytes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    return payload.get_response_status();
  }
  void write(isa::Register offset, uint32_t value) {
    transfer(tlm::TLM_WRITE_COMMAND, static_cast<uint64_t>(offset), value);
  }
  uint32_t read(isa::Register offset) {
    uint32_t value = 0;
    transfer(tlm::TLM_READ_COMMAND, static_cast<uint64_t>(offset), value);
    return value;
  }
  uint32_t counter(isa::Counter c) {
    write(isa::Register::CounterSelect, static_cast<uint32_t>(c));
    return read(isa::Register::CounterValue);
  }

  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload&, tlm::tlm_phase&,
                                     sc_core::sc_time&) override {
    return tlm::TLM_COMPLETED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
};

class ControlPort : public testing::Test {
 protected:
  ControlPort() {
    device_.memory.bind(memory_.socket);
    software_.socket.bind(device_.registers());
    device_.configure(machine_.config, {});
    std::vector<uint8_t> bytes(1 << 16);
    const isa::Word good = isa::encode(test::load_row(8));
    std::memcpy(bytes.data(), good.data(), good.size());
    bytes[512] = 0xff;  // no instruction
    memory_.reset(machine_.memory, machine_.config.bus_bytes, std::move(bytes), false, false);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  void run(uint32_t program) {
    software_.write(isa::Register::ProgramLow, program);
    software_.write(isa::Register::InstructionCount, 1);
    software_.write(isa::Register::Control, 1);
    EXPECT_EQ(software_.read(isa::Register::Status), 1u);
    sc_core::sc_start();
  }

  test::TinyMachine machine_;
  Device device_{"device"};
  MemoryTarget memory_{"memory", device_.time()};
  Software software_{"software"};
};

TEST_F(ControlPort, RunsProgramsOneAfterTheOther) {
  EXPECT_EQ(software_.read(isa::Register::Identity), 0x5A41484Cu);
  EXPECT_EQ(software_.read(isa::Register::Version), 0x08080002u);
  EXPECT_EQ(software_.read(isa::Register::Watchdog), 1u << 24);

  run(0);
  EXPECT_EQ(software_.read(isa::Register::Status), 2u);
  const uint32_t cycles = software_.counter(isa::Counter::Cycles);
  EXPECT_EQ(cycles, 34u);

  run(512);
  EXPECT_EQ(software_.read(isa::Register::Status), 6u);
  EXPECT_EQ(software_.read(isa::Register::Error),
            static_cast<uint32_t>(isa::Error::IllegalInstruction));
  software_.write(isa::Register::Control, 2);
  EXPECT_EQ(software_.read(isa::Register::Status), 0u);
  EXPECT_EQ(software_.read(isa::Register::Error), 0u);

  uint32_t value = 0;
  EXPECT_EQ(software_.transfer(tlm::TLM_READ_COMMAND, 2, value), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(software_.transfer(tlm::TLM_READ_COMMAND, 0, value, 8), tlm::TLM_BURST_ERROR_RESPONSE);
}

}  // namespace
}  // namespace zahl::sim
