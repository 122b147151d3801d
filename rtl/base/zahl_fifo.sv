`include "rtl/base/zahl_assert.svh"

// First in, first out: what is pushed in cycle t is visible at t + 1, what is popped in cycle t is
// gone at t + 1.
//
// Promise: `head_o` and `count_o` depend on registers alone. `head_o` is unspecified when empty.
// clear_i empties and wins over push.
//
// REQUIRES (a_push_only_with_room): no push when full.
// REQUIRES (a_pop_only_what_is_held): no pop when empty.
// REQUIRES (a_depth_is_a_power_of_two): Depth is a power of two, at least 2.
module zahl_fifo #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 4
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  logic                   push_i,
  input  logic [      Width-1:0] data_i,
  input  logic                   pop_i,
  output logic [      Width-1:0] head_o,
  output logic [$clog2(Depth):0] count_o
);
  localparam int unsigned PointerBits = $clog2(Depth);

  logic [Width-1:0] entries_q[Depth];
  logic [PointerBits-1:0] read_q, write_q;
  logic [PointerBits:0] count_q;

  assign head_o = entries_q[read_q];
  assign count_o = count_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q <= '0;
      write_q <= '0;
      count_q <= '0;
    end else if (clear_i) begin
      read_q <= '0;
      write_q <= '0;
      count_q <= '0;
    end else begin
      if (push_i) write_q <= write_q + 1'b1;
      if (pop_i) read_q <= read_q + 1'b1;
      if (push_i && !pop_i) count_q <= count_q + 1'b1;
      if (!push_i && pop_i) count_q <= count_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) entries_q[write_q] <= data_i;
  end

  `ZAHL_ASSERT(a_push_only_with_room, push_i |-> count_q != (PointerBits + 1)'(Depth))
  `ZAHL_ASSERT(a_pop_only_what_is_held, pop_i |-> count_q != '0)
  `ZAHL_ASSERT(a_depth_is_a_power_of_two, Depth == 1 << PointerBits && Depth >= 2)
  `ZAHL_ASSERT(a_count_within_depth, count_q <= (PointerBits + 1)'(Depth))
  `ZAHL_ASSERT(a_pointers_are_count_apart, write_q == read_q + count_q[PointerBits-1:0])
  `ZAHL_ASSERT(a_clear_empties, clear_i |=> count_q == '0)
endmodule
