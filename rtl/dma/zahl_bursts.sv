`include "rtl/base/zahl_assert.svh"

// Cuts the rows of a load or store into bursts (docs/machine.md, section 6).
//
// Started in cycle s, `burst_o` is the first burst from s + 1 on; each advance_i moves on to the
// next one, the last advance leaves valid_o at 0. load_t and store_t have the same fields, so one
// type serves both. DRAM addresses wrap at 40 bits. Scratchpad addresses stop at 2^24, which is
// past the end of every scratchpad, so that no sum comes back into range.
//
// REQUIRES (a_start_only_when_done): start_i only when no burst is left.
// REQUIRES (a_advance_only_with_a_burst): advance_i only while valid_o.
module zahl_bursts
  import zahl_pkg::*;
  import zahl_dma_pkg::*;
(
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   start_i,
  input  load_t  instruction_i,
  input  logic   advance_i,      // to the next burst
  output logic   valid_o,
  output burst_t burst_o
);
  localparam int unsigned RoomBits = $clog2(BurstBytes);
  localparam logic [24:0] PastEnd = 25'h100_0000;

  // What stays the same during the instruction.
  load_dram_step_t dram_step_q;
  load_scratchpad_step_t scratchpad_step_q;
  logic [$bits(load_row_bytes_t):0] row_bytes_q;
  // The row and the place in it.
  logic valid_q;
  load_rows_t rows_left_q;  // after this one
  load_dram_t row_address_q, address_q;
  logic [24:0] row_scratchpad_q, scratchpad_q;
  logic [$bits(load_row_bytes_t):0] left_q;

  logic [RoomBits:0] room, bytes;
  logic [RoomBits:0] span;  // from byte 0 of the first beat to the last byte, minus 1 byte
  bus_offset_t first;
  logic ends_row;

  assign room = (RoomBits + 1)'(BurstBytes) - (RoomBits + 1)'(address_q[RoomBits-1:0]);
  assign ends_row = left_q <= 21'(room);
  assign bytes = ends_row ? left_q[RoomBits:0] : room;
  assign first = address_q[BusOffsetBits-1:0];
  assign span = bytes + (RoomBits + 1)'(first) - 1'b1;

  assign valid_o = valid_q;
  assign burst_o.address = {address_q[39:BusOffsetBits], BusOffsetBits'(0)};
  assign burst_o.beats = 9'(span >> BusOffsetBits) + 1'b1;
  assign burst_o.first = first;
  assign burst_o.last = span[BusOffsetBits-1:0];
  assign burst_o.scratchpad = signed'(scratchpad_q - 25'(first));
  assign burst_o.ends_instruction = ends_row && rows_left_q == '0;

  function automatic logic [24:0] step(input logic [24:0] from, input load_scratchpad_step_t by);
    logic [24:0] sum;
    sum = from + 25'(by);
    return sum[24] ? PastEnd : sum;
  endfunction

  load_dram_t next_row_address;
  logic [24:0] next_row_scratchpad;
  assign next_row_address = row_address_q + 40'(dram_step_q);
  assign next_row_scratchpad = step(row_scratchpad_q, scratchpad_step_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
    end else if (start_i) begin
      valid_q <= 1'b1;
    end else if (advance_i && burst_o.ends_instruction) begin
      valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      dram_step_q <= instruction_i.dram_step;
      scratchpad_step_q <= instruction_i.scratchpad_step;
      row_bytes_q <= 21'(instruction_i.row_bytes) + 1'b1;
      rows_left_q <= instruction_i.rows;
      row_address_q <= instruction_i.dram;
      address_q <= instruction_i.dram;
      row_scratchpad_q <= 25'(instruction_i.scratchpad);
      scratchpad_q <= 25'(instruction_i.scratchpad);
      left_q <= 21'(instruction_i.row_bytes) + 1'b1;
    end else if (advance_i && ends_row) begin
      rows_left_q <= rows_left_q - 1'b1;
      row_address_q <= next_row_address;
      address_q <= next_row_address;
      row_scratchpad_q <= next_row_scratchpad;
      scratchpad_q <= next_row_scratchpad;
      left_q <= row_bytes_q;
    end else if (advance_i) begin
      address_q <= address_q + 40'(bytes);
      scratchpad_q <= step(scratchpad_q, 22'(bytes));
      left_q <= left_q - 21'(bytes);
    end
  end

  logic unused_fields;
  assign unused_fields =
      ^{instruction_i.reserved, instruction_i.accumulator_banks, instruction_i.write_banks,
        instruction_i.read_banks, instruction_i.wait_post, instruction_i.wait_array,
        instruction_i.wait_store, instruction_i.wait_load, instruction_i.opcode};

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_done, start_i |-> !valid_q)
  `ZAHL_ASSERT(a_advance_only_with_a_burst, advance_i |-> valid_q)
  `ZAHL_ASSERT(a_burst_stays_until_advance, valid_q && !advance_i |=> valid_q && $stable(burst_o))
  `ZAHL_ASSERT(a_row_has_bytes_left, valid_q |-> left_q != '0)
  `ZAHL_ASSERT(a_burst_has_bytes, valid_q |-> bytes != '0)
  `ZAHL_ASSERT(a_burst_within_its_limit,
               valid_q |-> burst_o.beats != '0 && burst_o.beats <= 9'(BurstBytes / BusBytes))
  `ZAHL_ASSERT(a_burst_within_a_page,
               valid_q |-> 32'(burst_o.address[11:0]) + 32'(burst_o.beats) * BusBytes <= 4096)
  `ZAHL_ASSERT(a_burst_stops_in_front_of_the_next,
               valid_q |-> 32'(address_q[RoomBits-1:0]) + 32'(bytes) <= BurstBytes)
  `ZAHL_ASSERT(a_only_beat_begins_before_it_ends,
               valid_q && burst_o.beats == 9'd1 |-> burst_o.first <= burst_o.last)
  `ZAHL_ASSERT(a_scratchpad_stops_past_the_end, valid_q |-> scratchpad_q <= PastEnd)
endmodule
