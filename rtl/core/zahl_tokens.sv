`include "rtl/base/zahl_assert.svh"

// How many instructions of each unit have been dispatched and how many have ended since the start
// of the program. Counts wrap at 2^TokenBits; fewer than that are ever on their way, so equal
// counts mean that none is.
//
// REQUIRES (a_end_only_what_is_dispatched): no more ends than dispatched instructions.
module zahl_tokens
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  logic   [UnitCount-1:0] dispatched_i,
  input  logic   [UnitCount-1:0] end_i,         // cycle e - 1
  output token_t [UnitCount-1:0] done_o,        // counts it from cycle e on
  output logic                   all_ended_o
);
  token_t [UnitCount-1:0] done_q, dispatched_q;

  assign done_o = done_q;
  assign all_ended_o = done_q == dispatched_q;

  for (genvar unit = 0; unit < UnitCount; ++unit) begin : gen_unit
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        done_q[unit] <= '0;
        dispatched_q[unit] <= '0;
      end else if (clear_i) begin
        done_q[unit] <= '0;
        dispatched_q[unit] <= '0;
      end else begin
        if (end_i[unit]) done_q[unit] <= done_q[unit] + 1'b1;
        if (dispatched_i[unit]) dispatched_q[unit] <= dispatched_q[unit] + 1'b1;
      end
    end
  end

  for (genvar unit = 0; unit < UnitCount; ++unit) begin : gen_on_their_way
    token_t on_their_way;
    assign on_their_way = dispatched_q[unit] - done_q[unit];
    `ZAHL_ASSERT(a_end_only_what_is_dispatched, end_i[unit] |-> on_their_way != '0)
    `ZAHL_ASSERT(a_few_are_on_their_way, !on_their_way[TokenBits-1])
    `ZAHL_ASSERT(a_tokens_only_grow, !clear_i |=> done_q[unit] - $past(done_q[unit]) <= token_t'(1))
  end
endmodule
