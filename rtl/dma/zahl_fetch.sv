`include "rtl/base/zahl_assert.svh"

// Reads the program from DRAM into a buffer of FetchDepth instructions (docs/machine.md, section
// 5).
//
// start_i (cycle 0) empties the buffer and sets address and count. Places are reserved when a burst
// is asked for, so that data always has room. An instruction whose last beat is transferred in
// cycle b is at the head from b + 1 on; one with a bus error in any of its beats has head_error_o.
// A request once shown stays until it is taken, even if an error stops the machine.
//
// REQUIRES (a_start_only_when_quiet): start_i only while quiet_o.
// REQUIRES (a_take_only_what_is_there): take_i only while head_valid_o.
// REQUIRES (a_beat_only_of_a_burst, a_last_beat_ends_an_instruction): beats only of bursts that
// were asked for, whole ones.
module zahl_fetch
  import zahl_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       start_i,
  input  logic [               39:0] program_i,
  input  logic [               31:0] count_i,
  input  logic                       enable_i,           // running and no error visible
  output logic                       request_valid_o,
  input  logic                       request_ready_i,
  output logic [               39:0] request_address_o,
  output logic [                8:0] request_beats_o,
  input  logic                       beat_valid_i,
  input  logic [     BusBytes*8-1:0] beat_data_i,
  input  logic                       beat_error_i,
  input  logic                       beat_last_i,        // of its burst
  output logic                       head_valid_o,
  output logic [InstructionBits-1:0] head_o,
  output logic                       head_error_o,
  input  logic                       take_i,             // the head
  output logic                       quiet_o             // no burst asked for or outstanding
);
  localparam int unsigned InstructionBytes = InstructionBits / 8;
  localparam int unsigned Beats = InstructionBytes / BusBytes;
  localparam int unsigned SlotBits = $clog2(FetchDepth);
  localparam int unsigned PlaceBits = $clog2(FetchDepth * Beats);

  // Requests.
  logic [39:0] address_q;
  logic [31:0] left_q;  // instructions not asked for
  logic [SlotBits:0] used_q, outstanding_q;  // places reserved; bursts
  logic pending_q;
  logic [3:0] instructions;  // in the burst
  logic fits, take_request;

  assign instructions = left_q < 32'(FetchBurst) ? left_q[3:0] : 4'(FetchBurst);
  assign
      fits = (SlotBits + 2)'(used_q) + (SlotBits + 2)'(instructions) <= (SlotBits + 2)'(FetchDepth);
  assign request_valid_o = pending_q || (enable_i && left_q != '0 && fits);
  assign take_request = request_valid_o && request_ready_i;
  assign request_address_o = address_q;
  assign request_beats_o = 9'(instructions) * 9'(Beats);
  assign quiet_o = outstanding_q == '0 && !pending_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      address_q <= '0;
      left_q <= '0;
      used_q <= '0;
      outstanding_q <= '0;
      pending_q <= 1'b0;
    end else if (start_i) begin
      address_q <= program_i;
      left_q <= count_i;
      used_q <= '0;
    end else begin
      pending_q <= request_valid_o && !request_ready_i;
      if (take_request) begin
        address_q <= address_q + 40'(instructions) * 40'(InstructionBytes);
        left_q <= left_q - 32'(instructions);
      end
      used_q <= used_q + (take_request ? (SlotBits + 1)'(instructions) : '0) -
          (SlotBits + 1)'(take_i);
      outstanding_q <= outstanding_q + (SlotBits + 1)'(take_request) -
          (SlotBits + 1)'(beat_valid_i && beat_last_i);
    end
  end

  // The buffer, one entry a beat.
  logic [BusBytes*8-1:0] beats_q[FetchDepth*Beats];
  logic [FetchDepth-1:0] error_q;
  logic [PlaceBits-1:0] write_q;
  logic [SlotBits-1:0] read_q, write_slot;
  logic [SlotBits:0] whole_q;  // complete instructions
  logic begins_instruction, ends_instruction;

  if (Beats == 1) begin : gen_one_beat
    assign begins_instruction = 1'b1;
    assign ends_instruction = beat_valid_i;
    assign write_slot = write_q;
    assign head_o = beats_q[read_q];
  end else begin : gen_beats
    assign begins_instruction = write_q[PlaceBits-SlotBits-1:0] == '0;
    assign ends_instruction = beat_valid_i && write_q[PlaceBits-SlotBits-1:0] == '1;
    assign write_slot = write_q[PlaceBits-1-:SlotBits];
    for (genvar beat = 0; beat < Beats; ++beat) begin : gen_head
      assign head_o[beat*BusBytes*8+:BusBytes*8] = beats_q[{read_q, (PlaceBits-SlotBits)'(beat)}];
    end
  end

  assign head_valid_o = whole_q != '0;
  assign head_error_o = error_q[read_q];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
      whole_q <= '0;
      error_q <= '0;
    end else if (start_i) begin
      write_q <= '0;
      read_q <= '0;
      whole_q <= '0;
    end else begin
      if (beat_valid_i) begin
        write_q <= write_q + 1'b1;
        error_q[write_slot] <= beat_error_i || (!begins_instruction && error_q[write_slot]);
      end
      if (take_i) read_q <= read_q + 1'b1;
      whole_q <= whole_q + (SlotBits + 1)'(ends_instruction) - (SlotBits + 1)'(take_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_valid_i) beats_q[write_q] <= beat_data_i;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_quiet, start_i |-> quiet_o)
  `ZAHL_ASSERT(a_take_only_what_is_there, take_i |-> head_valid_o)
  `ZAHL_ASSERT(a_beat_only_of_a_burst, beat_valid_i |-> outstanding_q != '0)
  `ZAHL_ASSERT(a_last_beat_ends_an_instruction, beat_valid_i && beat_last_i |-> ends_instruction)
  `ZAHL_ASSERT(a_request_stays_until_taken,
               request_valid_o && !request_ready_i |=>
               request_valid_o && $stable({request_address_o, request_beats_o}))
  `ZAHL_ASSERT(a_request_within_a_page,
               request_valid_o |->
               32'(request_address_o[11:0]) + 32'(request_beats_o) * BusBytes <= 4096)
  `ZAHL_ASSERT(a_asks_only_for_the_program,
               request_valid_o |-> instructions != '0 && 32'(instructions) <= left_q)
  `ZAHL_ASSERT(a_places_are_reserved, used_q <= (SlotBits + 1)'(FetchDepth))
  `ZAHL_ASSERT(a_whole_ones_within_the_reserved, whole_q <= used_q)
  `ZAHL_ASSERT(a_bursts_within_the_reserved, outstanding_q <= used_q)
endmodule
