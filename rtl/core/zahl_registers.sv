`include "rtl/base/zahl_assert.svh"

// The registers behind the AXI4-Lite port (isa/isa.toml).
//
// A write is taken in the cycle in which address and data are both there and no response waits; the
// registers hold it from the next cycle on. start_o is given in the cycle of the write, unless
// running; clear_o likewise. Unknown addresses read 0 and ignore writes; every response is OKAY.
//
// REQUIRES (a_write_address_stays_until_taken, a_write_data_stays_until_taken,
// a_read_address_stays_until_taken): what the manager shows stays until it is taken.
module zahl_registers
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          axil_awvalid_i,
  output logic          axil_awready_o,
  input  logic   [ 7:0] axil_awaddr_i,
  input  logic          axil_wvalid_i,
  output logic          axil_wready_o,
  input  logic   [31:0] axil_wdata_i,
  input  logic   [ 3:0] axil_wstrb_i,
  output logic          axil_bvalid_o,
  input  logic          axil_bready_i,
  output logic   [ 1:0] axil_bresp_o,
  input  logic          axil_arvalid_i,
  output logic          axil_arready_o,
  input  logic   [ 7:0] axil_araddr_i,
  output logic          axil_rvalid_o,
  input  logic          axil_rready_i,
  output logic   [31:0] axil_rdata_o,
  output logic   [ 1:0] axil_rresp_o,
  output logic          start_o,
  output logic          clear_o,
  output logic   [39:0] program_o,
  output index_t        count_o,
  output logic   [31:0] watchdog_o,
  output logic   [ 4:0] counter_select_o,
  input  logic   [47:0] counter_value_i,
  input  logic          running_i,
  input  logic          done_i,
  input  error_e        error_i,
  input  index_t        error_index_i
);
  localparam logic [31:0] Identity = 32'h5A41_484C;
  localparam logic [31:0] WatchdogAfterReset = 32'd16777216;

  logic [39:9] program_q;
  index_t count_q;
  logic [31:0] watchdog_q;
  logic [4:0] counter_select_q;

  // Writes.
  logic write, response_q;
  logic [31:0] write_mask;

  assign write = axil_awvalid_i && axil_wvalid_i && !response_q;
  assign axil_awready_o = write;
  assign axil_wready_o = write;
  assign axil_bvalid_o = response_q;
  assign axil_bresp_o = 2'b00;
  for (genvar n = 0; n < 4; ++n) begin : gen_mask
    assign write_mask[8*n+:8] = {8{axil_wstrb_i[n]}};
  end

  function automatic logic [31:0] merge(input logic [31:0] held, input logic [31:0] data,
                                        input logic [31:0] mask);
    return (held & ~mask) | (data & mask);
  endfunction

  logic write_control;
  assign write_control = write && axil_awaddr_i == RegisterControl && axil_wstrb_i[0] && !running_i;
  assign start_o = write_control && axil_wdata_i[0];
  assign clear_o = write_control && axil_wdata_i[1];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      response_q <= 1'b0;
      program_q <= '0;
      count_q <= '0;
      watchdog_q <= WatchdogAfterReset;
      counter_select_q <= '0;
    end else begin
      if (axil_bready_i) response_q <= 1'b0;
      if (write) begin
        response_q <= 1'b1;
        unique case (axil_awaddr_i)
          RegisterProgramLow:
          program_q[31:9] <= 23'(merge({program_q[31:9], 9'd0}, axil_wdata_i, write_mask) >> 9);
          RegisterProgramHigh:
          program_q[39:32] <= 8'(merge({24'd0, program_q[39:32]}, axil_wdata_i, write_mask));
          RegisterInstructionCount: count_q <= merge(count_q, axil_wdata_i, write_mask);
          RegisterWatchdog: watchdog_q <= merge(watchdog_q, axil_wdata_i, write_mask);
          RegisterCounterSelect:
          counter_select_q <= 5'(merge({27'd0, counter_select_q}, axil_wdata_i, write_mask));
          default: ;
        endcase
      end
    end
  end

  // Reads.
  logic read, data_valid_q;
  logic [31:0] data_q, data;

  assign axil_arready_o = !data_valid_q;
  assign read = axil_arvalid_i && !data_valid_q;
  assign axil_rvalid_o = data_valid_q;
  assign axil_rdata_o = data_q;
  assign axil_rresp_o = 2'b00;

  always_comb begin
    data = '0;
    if (read) begin
      unique case (axil_araddr_i)
        RegisterIdentity: data = Identity;
        RegisterVersion: data = {8'(Columns), 8'(Rows), 16'(IsaVersion)};
        RegisterStatus: data = {29'd0, error_i != ErrorNone, done_i, running_i};
        RegisterError: data = 32'(error_i);
        RegisterErrorIndex: data = error_index_i;
        RegisterProgramLow: data = {program_q[31:9], 9'd0};
        RegisterProgramHigh: data = 32'(program_q[39:32]);
        RegisterInstructionCount: data = count_q;
        RegisterWatchdog: data = watchdog_q;
        RegisterCounterSelect: data = 32'(counter_select_q);
        RegisterCounterValue: data = counter_value_i[31:0];
        RegisterCounterValueHigh: data = 32'(counter_value_i[47:32]);
        default: data = '0;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      data_valid_q <= 1'b0;
      data_q <= '0;
    end else if (read) begin
      data_valid_q <= 1'b1;
      data_q <= data;
    end else if (axil_rready_i) begin
      data_valid_q <= 1'b0;
    end
  end

  assign program_o = {program_q, 9'd0};
  assign count_o = count_q;
  assign watchdog_o = watchdog_q;
  assign counter_select_o = counter_select_q;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_write_address_stays_until_taken,
               axil_awvalid_i && !axil_awready_o |=> axil_awvalid_i && $stable(axil_awaddr_i))
  `ZAHL_ASSERT(a_write_data_stays_until_taken,
               axil_wvalid_i && !axil_wready_o |=>
               axil_wvalid_i && $stable({axil_wdata_i, axil_wstrb_i}))
  `ZAHL_ASSERT(a_read_address_stays_until_taken,
               axil_arvalid_i && !axil_arready_o |=> axil_arvalid_i && $stable(axil_araddr_i))
  `ZAHL_ASSERT(a_write_response_stays_until_taken,
               axil_bvalid_o && !axil_bready_i |=> axil_bvalid_o)
  `ZAHL_ASSERT(a_read_data_stays_until_taken,
               axil_rvalid_o && !axil_rready_i |=> axil_rvalid_o && $stable(axil_rdata_o))
  `ZAHL_ASSERT(a_write_is_answered, write |=> axil_bvalid_o)
  `ZAHL_ASSERT(a_no_write_before_the_response_is_taken, write |-> !axil_bvalid_o)
  `ZAHL_ASSERT(a_start_only_when_stopped, start_o |-> !running_i)
  `ZAHL_ASSERT(a_clear_only_when_stopped, clear_o |-> !running_i)
  `ZAHL_ASSERT(a_program_is_aligned, program_o[8:0] == '0)
endmodule
