// The test bench of one Verilated machine: reset, program start over AXI4-Lite, cycle loop,
// counters.
//
// `Top` is the class that Verilator made of zahl_top. A cycle is: drive what the memory answers,
// evaluate with the clock low, look at the outputs, evaluate with the clock high. Cycle 0 is the
// one in which the start register is written.
#pragma once

#include <verilated.h>
#ifdef ZAHL_RTL_TRACE
#include <verilated_fst_c.h>
#endif

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "contract/run.h"
#include "engines/rtl_harness/dram.h"
#include "engines/rtl_harness/stable_channel.h"
#include "generated/isa.h"

namespace zahl::rtl {

template <typename Top>
class Bench {
 public:
  Bench(const hw::Config& config, const MemoryConfig& memory, const DeviceProgram& program,
        const RunOptions& options, uint32_t stall_seed)
      : bus_(static_cast<size_t>(config.bus_bytes)),
        program_(program),
        options_(options),
        stalls_(stall_seed),
        dram_(program.memory, memory, config, options.trace_transactions),
        top_(std::make_unique<Top>(&context_, "zahl_top")) {
#ifdef ZAHL_RTL_TRACE
    if (!options.waveform_path.empty()) {
      context_.traceEverOn(true);
      wave_ = std::make_unique<VerilatedFstC>();
      top_->trace(wave_.get(), 99);
      wave_->open(options.waveform_path.c_str());
    }
#endif
  }

  RunResult run() {
    if (options_.trace_instructions) result_.instructions.resize(program_.instruction_count);
    reset();
    write_register(isa::Register::ProgramLow, static_cast<uint32_t>(program_.program_address));
    write_register(isa::Register::ProgramHigh,
                   static_cast<uint32_t>(program_.program_address >> 32));
    write_register(isa::Register::InstructionCount, program_.instruction_count);
    write_register(isa::Register::Watchdog, options_.watchdog_cycles);
    step();
    cycle_ = 0;
    write_register(isa::Register::Control, 1);
    while (!top_->irq_o) step();
    collect();
#ifdef ZAHL_RTL_TRACE
    if (wave_) wave_->close();
#endif
    top_->final();
    return std::move(result_);
  }

 private:
  void reset() {
    top_->axi_awready_i = top_->axi_wready_i = top_->axi_arready_i = 1;
    top_->axil_bready_i = top_->axil_rready_i = 1;
    top_->axil_wstrb_i = 0xF;
    top_->rst_ni = 1;
    step();
    top_->rst_ni = 0;
    step();
    top_->rst_ni = 1;
    step();
  }

  // The two halves of a cycle. An assertion that fails tells the time, which is the cycle.
  void settle() {
    context_.time(static_cast<uint64_t>(std::max<int64_t>(cycle_, 0)));
    const Dram::Answer answer = dram_.answer(cycle_);
    top_->axi_rvalid_i = answer.data != nullptr;
    if (answer.data != nullptr) {
      std::memcpy(&top_->axi_rdata_i, answer.data, bus_);
      top_->axi_rid_i = answer.id & 1;
      top_->axi_rlast_i = answer.last;
      top_->axi_rresp_i = answer.error ? 2 : 0;
    }
    if (stalls_ != 0) stall();
    top_->axi_bvalid_i = answer.response;
    top_->axi_bresp_i = answer.response_error ? 2 : 0;
    top_->clk_i = 0;
    top_->eval();
    dump();
  }

  void advance() {
    if (stalls_ != 0) expect_stable();
    if (top_->axi_arvalid_o && top_->axi_arready_i) {
      dram_.read_address(cycle_, top_->axi_arid_o, top_->axi_araddr_o, top_->axi_arlen_o + 1u);
    }
    if (top_->axi_awvalid_o && top_->axi_awready_i)
      dram_.write_address(top_->axi_awaddr_o, top_->axi_awlen_o + 1u);
    if (top_->axi_wvalid_o && top_->axi_wready_i) {
      dram_.write_beat(cycle_, &top_->axi_wdata_o, static_cast<uint64_t>(top_->axi_wstrb_o),
                       top_->axi_wlast_o);
    }
    dram_.end_cycle(cycle_);
    if (options_.trace_instructions) note_instructions();
    top_->clk_i = 1;
    top_->eval();
    dump();
    ++cycle_;
  }

  void step() {
    settle();
    advance();
  }

  // trace_o: four start indices, four end indices, then a valid bit for each start and each end.
  void note_instructions() {
    static_assert(isa::kUnitCount == 4);
    const uint32_t valid = top_->trace_o[8];
    if (valid == 0) return;
    for (uint32_t unit = 0; unit < 4; ++unit) {
      if (valid >> (4 + unit) & 1) result_.instructions[top_->trace_o[4 + unit]].end = cycle_;
      if (valid >> unit & 1) {
        const uint32_t index = top_->trace_o[unit];
        result_.instructions[index] = {index, static_cast<isa::Unit>(unit), cycle_, 0};
      }
    }
  }

  void write_register(isa::Register which, uint32_t value) {
    top_->axil_awvalid_i = top_->axil_wvalid_i = 1;
    top_->axil_awaddr_i = static_cast<uint8_t>(which);
    top_->axil_wdata_i = value;
    for (bool taken = false; !taken; advance()) {
      settle();
      taken = top_->axil_awready_o && top_->axil_wready_o;
    }
    top_->axil_awvalid_i = top_->axil_wvalid_i = 0;
  }

  uint32_t read_register(isa::Register which) {
    top_->axil_arvalid_i = 1;
    top_->axil_araddr_i = static_cast<uint8_t>(which);
    for (bool taken = false; !taken; advance()) {
      settle();
      taken = top_->axil_arready_o;
    }
    top_->axil_arvalid_i = 0;
    settle();
    while (!top_->axil_rvalid_o) {
      advance();
      settle();
    }
    const uint32_t value = top_->axil_rdata_o;
    advance();
    return value;
  }

  void collect() {
    for (uint32_t n = 0; n < isa::kCounterCount; ++n) {
      write_register(isa::Register::CounterSelect, n);
      const uint64_t low = read_register(isa::Register::CounterValue);
      result_.counters[n] = uint64_t{read_register(isa::Register::CounterValueHigh)} << 32 | low;
    }
    result_.cycles =
        static_cast<int64_t>(result_.counters[static_cast<size_t>(isa::Counter::Cycles)]);
    result_.error = static_cast<isa::Error>(read_register(isa::Register::Error));
    result_.error_index = read_register(isa::Register::ErrorIndex);
    std::erase_if(result_.instructions,
                  [](const InstructionTrace& trace) { return trace.end == 0; });  // never started
    result_.transactions = std::move(dram_.transactions());
    result_.memory = std::move(dram_.bytes());
  }

  // A memory that is ready when it likes, but takes data only after its address.
  void stall() {
    stalls_ = stalls_ * 1664525u + 1013904223u;
    top_->axi_arready_i = (stalls_ >> 31 & 1) != 0;
    top_->axi_awready_i = (stalls_ >> 30 & 1) != 0;
    top_->axi_wready_i = (stalls_ >> 29 & 1) != 0 && dram_.expects_data();
  }

  void expect_stable() {
    read_address_.check(top_->axi_arvalid_o, top_->axi_arready_i, top_->axi_arid_o,
                        top_->axi_araddr_o, top_->axi_arlen_o);
    write_address_.check(top_->axi_awvalid_o, top_->axi_awready_i, top_->axi_awaddr_o,
                         top_->axi_awlen_o);
    write_data_.check(top_->axi_wvalid_o, top_->axi_wready_i, top_->axi_wdata_o, top_->axi_wstrb_o,
                      top_->axi_wlast_o);
  }

  void dump() {
#ifdef ZAHL_RTL_TRACE
    if (wave_) wave_->dump(half_cycles_++);
#endif
  }

  size_t bus_;
  const DeviceProgram& program_;
  const RunOptions& options_;
  uint32_t stalls_;  // state of the stall generator; 0: the memory is always ready
  StableChannel read_address_, write_address_, write_data_;
  Dram dram_;
  VerilatedContext context_;
#ifdef ZAHL_RTL_TRACE
  std::unique_ptr<VerilatedFstC> wave_;
  uint64_t half_cycles_ = 0;
#endif
  std::unique_ptr<Top> top_;
  int64_t cycle_ = -1000;  // before the start
  RunResult result_;
};

}  // namespace zahl::rtl
