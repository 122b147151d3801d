`include "rtl/base/zahl_assert.svh"

// The instructions of one unit that are in flight: their claims and their positions in the program.
//
// An instruction that starts in cycle s is in flight from s + 1 on; after an end in cycle e - 1 it
// is no longer at e, where ended_o and ended_index_o tell of it. A unit may hold several claims;
// held_o is their union, so claims within one unit never conflict.
//
// REQUIRES (a_start_only_with_room): at most Depth in flight.
// REQUIRES (a_end_only_in_flight): an end belongs to an instruction in flight, and instructions of
// a unit end in the order in which they started.
module zahl_claims
  import zahl_core_pkg::*;
#(
  parameter int unsigned Depth = 4
) (
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   start_i,
  input  index_t index_i,
  input  claim_t claim_i,
  input  logic   end_i,           // cycle e - 1
  output logic   in_flight_o,
  output claim_t held_o,
  output index_t latest_index_o,  // of the instruction that started last
  output logic   ended_o,         // cycle e
  output index_t ended_index_o
);
  localparam int unsigned CountBits = $clog2(Depth) + 1;

  logic [CountBits-1:0] count;
  index_t oldest_index;

  zahl_fifo #(
    .Width($bits(index_t)),
    .Depth(Depth)
  ) u_indices (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (start_i),
    .data_i (index_i),
    .pop_i  (end_i),
    .head_o (oldest_index),
    .count_o(count)
  );
  assign in_flight_o = count != '0;

  // Claims stand in a ring; the union is formed anew only when one comes or goes.
  claim_t [Depth-1:0] claims_q, claims_d;
  claim_t held_q, held_d;
  logic [$clog2(Depth)-1:0] first_q, next_q;

  always_comb begin
    claims_d = claims_q;
    held_d = held_q;
    if (start_i || end_i) begin
      if (end_i) claims_d[first_q] = '0;
      if (start_i) claims_d[next_q] = claim_i;
      held_d = '0;
      for (int unsigned n = 0; n < Depth; ++n) held_d |= claims_d[n];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      claims_q <= '0;
      held_q <= '0;
      first_q <= '0;
      next_q <= '0;
      latest_index_o <= '0;
      ended_o <= 1'b0;
      ended_index_o <= '0;
    end else begin
      ended_o <= end_i;
      if (start_i || end_i) begin
        claims_q <= claims_d;
        held_q <= held_d;
      end
      if (start_i) begin
        next_q <= next_q + 1'b1;
        latest_index_o <= index_i;
      end
      if (end_i) begin
        first_q <= first_q + 1'b1;
        ended_index_o <= oldest_index;
      end
    end
  end

  assign held_o = held_q;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_with_room, start_i |-> count < CountBits'(Depth))
  `ZAHL_ASSERT(a_end_only_in_flight, end_i |-> in_flight_o)
  `ZAHL_ASSERT(a_end_is_told_in_the_next_cycle,
               end_i |=> ended_o && ended_index_o == $past(oldest_index))
  `ZAHL_ASSERT(a_only_ends_are_told, ended_o |-> $past(end_i))
  `ZAHL_ASSERT(a_ends_none_after_the_latest, ended_o |-> ended_index_o <= latest_index_o)
  `ZAHL_ASSERT(a_nothing_held_when_nothing_is_in_flight, in_flight_o || held_q == '0)
  for (genvar n = 0; n < Depth; ++n) begin : gen_held
    `ZAHL_ASSERT(a_each_claim_is_held, (claims_q[n] & ~held_q) == '0)
  end
endmodule
