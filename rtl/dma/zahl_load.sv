`include "rtl/base/zahl_assert.svh"

// Copies rows of bytes from DRAM into the scratchpad (docs/machine.md, section 6).
//
// Started in cycle s, it asks for its first burst from s + 1 on, while fewer than LoadBursts are
// outstanding. A beat transferred in cycle b is written at b + 1. end_o is given with the last
// write, fault_o and bus_error_o belong to the instruction whose end_o was given one cycle ago.
// Rows are never merged.
//
// REQUIRES (a_start_only_when_ready): start_i only while ready_o.
// REQUIRES (a_beat_only_of_a_burst): beats only of bursts that were asked for.
module zahl_load
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_dma_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 start_i,
  input  logic           [InstructionBits-1:0] instruction_i,
  output logic                                 ready_o,
  output logic                                 end_o,              // cycle e - 1
  output logic                                 fault_o,            // cycle e
  output logic                                 bus_error_o,        // cycle e
  output logic                                 request_valid_o,
  input  logic                                 request_ready_i,
  output logic           [               39:0] request_address_o,
  output logic           [                8:0] request_beats_o,
  input  logic                                 beat_valid_i,
  input  logic           [     BusBytes*8-1:0] beat_data_i,
  input  logic                                 beat_error_i,
  input  logic                                 beat_last_i,        // of its burst
  output write_request_t                       write_o,
  input  logic                                 write_fault_i       // a cycle later
);
  localparam int unsigned CountBits = $clog2(DmaInstructions) + 1;
  localparam int unsigned BurstCountBits = $clog2(LoadBursts) + 1;

  load_t instruction;
  assign instruction = load_t'(instruction_i);

  // Issue stage.
  burst_t burst;
  logic burst_valid, ask;
  common_write_banks_t banks_q;
  logic [CountBits-1:0] flying_q;
  logic [BurstCountBits-1:0] outstanding;

  zahl_bursts u_bursts (
    .clk_i,
    .rst_ni,
    .start_i,
    .instruction_i(instruction),
    .advance_i    (ask),
    .valid_o      (burst_valid),
    .burst_o      (burst)
  );

  assign ready_o = !burst_valid && flying_q < CountBits'(DmaInstructions);
  assign request_valid_o = burst_valid && outstanding < BurstCountBits'(LoadBursts);
  assign request_address_o = burst.address;
  assign request_beats_o = burst.beats;
  assign ask = request_valid_o && request_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) flying_q <= '0;
    else flying_q <= flying_q + CountBits'(start_i) - CountBits'(end_o);
  end

  always_ff @(posedge clk_i) begin
    if (start_i) banks_q <= instruction.write_banks;
  end

  // Bursts on their way; answers come in order.
  load_burst_t asked, answered;
  assign asked = '{
          scratchpad: burst.scratchpad,
          first: burst.first,
          last: burst.last,
          banks: banks_q,
          ends_instruction: burst.ends_instruction
      };

  zahl_fifo #(
    .Width($bits(load_burst_t)),
    .Depth(LoadBursts)
  ) u_asked (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (ask),
    .data_i (asked),
    .pop_i  (beat_valid_i && beat_last_i),
    .head_o (answered),
    .count_o(outstanding)
  );

  // Cycle b + 1: the write.
  logic write_valid_q, beat_error_q, ends_q;
  logic inside_q;  // the next beat is not the first of its burst
  logic [24:0] write_address_q;
  logic [BusBytes-1:0] write_strobe_q;
  logic [BusBytes*8-1:0] write_data_q;
  common_write_banks_t write_banks_q;
  logic [BusBytes-1:0] from_first, to_last;

  assign from_first = inside_q ? '1 : {BusBytes{1'b1}} << answered.first;
  assign to_last = beat_last_i ? {BusBytes{1'b1}} >> ~answered.last : '1;
  assign write_o = '{
          valid: write_valid_q,
          address: write_address_q,
          strobe: LineBytes'(write_strobe_q),
          data: (LineBytes * 8)'(write_data_q),
          banks: write_banks_q
      };
  assign end_o = write_valid_q && ends_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_valid_q <= 1'b0;
      inside_q <= 1'b0;
    end else begin
      write_valid_q <= beat_valid_i;
      if (beat_valid_i) inside_q <= !beat_last_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_valid_i) begin
      write_address_q <= inside_q ? write_address_q + 25'(BusBytes) :
          unsigned'(answered.scratchpad);
      write_strobe_q <= from_first & to_last;
      write_data_q <= beat_data_i;
      write_banks_q <= answered.banks;
      beat_error_q <= beat_error_i;
      ends_q <= beat_last_i && answered.ends_instruction;
    end
  end

  // Cycle b + 2: faults. The write's fault is known one cycle after the write.
  logic ended_q, fault_q, bus_error_q;

  assign fault_o = fault_q || write_fault_i;
  assign bus_error_o = bus_error_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ended_q <= 1'b0;
      fault_q <= 1'b0;
      bus_error_q <= 1'b0;
    end else begin
      ended_q <= end_o;
      fault_q <= !ended_q && (fault_q || write_fault_i);
      bus_error_q <= (bus_error_q && !ended_q) || (write_valid_q && beat_error_q);
    end
  end

  logic unused_fields;
  assign unused_fields = ^{instruction, burst.ends_instruction};

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_ready, start_i |-> ready_o)
  `ZAHL_ASSERT(a_beat_only_of_a_burst, beat_valid_i |-> outstanding != '0)
  `ZAHL_ASSERT(a_request_stays_until_taken,
               request_valid_o && !request_ready_i |=>
               request_valid_o && $stable({request_address_o, request_beats_o}))
  `ZAHL_ASSERT(a_bursts_within_limit, outstanding <= BurstCountBits'(LoadBursts))
  `ZAHL_ASSERT(a_instructions_within_limit, flying_q <= CountBits'(DmaInstructions))
  `ZAHL_ASSERT(a_end_only_in_flight, end_o |-> flying_q != '0)
  `ZAHL_ASSERT(a_write_has_bytes, write_o.valid |-> write_o.strobe != '0)
  `ZAHL_ASSERT(a_beat_is_written_in_the_next_cycle, beat_valid_i |=> write_o.valid)
  `ZAHL_ASSERT(a_fault_only_of_a_write, write_fault_i |-> $past(write_o.valid))
endmodule
