`include "rtl/base/zahl_assert.svh"

// The queue of one unit, and the start of the instruction at its head (docs/machine.md, section 5).
//
// An instruction pushed in cycle t can start from t + 1 on. It starts in a cycle in which the unit
// is ready, all its waits are met by the tokens that are visible, and starts are enabled. full_o
// depends on registers alone: a place is free again in the cycle after the start.
//
// REQUIRES (a_push_only_with_room): no push when full.
// REQUIRES (a_clear_only_when_stopped): clear_i never comes while enabled.
module zahl_issue
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,
  input  logic                         push_i,
  input  logic   [InstructionBits-1:0] instruction_i,
  input  index_t                       index_i,
  output logic                         full_o,
  input  token_t [      UnitCount-1:0] done_i,         // instructions of each unit that ended
  input  logic                         enable_i,       // running and no error visible
  input  logic                         ready_i,
  output logic                         start_o,
  output logic   [InstructionBits-1:0] instruction_o,
  output index_t                       index_o,
  output logic   [      UnitCount-1:0] waiting_o       // for the first unit whose token is missing
);
  localparam int unsigned CountBits = $clog2(QueueDepth) + 1;

  logic [CountBits-1:0] count;
  common_t head;
  logic [UnitCount-1:0] missing;

  zahl_fifo #(
    .Width(InstructionBits + $bits(index_t)),
    .Depth(QueueDepth)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .clear_i,
    .push_i,
    .data_i ({index_i, instruction_i}),
    .pop_i  (start_o),
    .head_o ({index_o, instruction_o}),
    .count_o(count)
  );

  assign head = common_t'(instruction_o);
  assign full_o = count == CountBits'(QueueDepth);

  always_comb begin
    missing = '0;
    if (count != '0) begin
      missing[UnitLoad] = done_i[UnitLoad] < head.wait_load;
      missing[UnitStore] = done_i[UnitStore] < head.wait_store;
      missing[UnitArray] = done_i[UnitArray] < head.wait_array;
      missing[UnitPost] = done_i[UnitPost] < head.wait_post;
    end
  end

  assign waiting_o = missing & -missing;  // lowest bit
  assign start_o = enable_i && ready_i && count != '0 && missing == '0;

  logic unused_fields;
  assign unused_fields = ^{head};

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_push_only_with_room, push_i |-> !full_o)
  `ZAHL_ASSERT(a_clear_only_when_stopped, clear_i |-> !enable_i)
  `ZAHL_ASSERT(a_start_only_when_ready, start_o |-> ready_i && enable_i)
  `ZAHL_ASSERT(a_start_only_with_an_instruction, start_o |-> count != '0)
  `ZAHL_ASSERT(a_start_waits_for_its_tokens, start_o |-> waiting_o == '0)
  `ZAHL_ASSERT(a_waits_for_one_unit_at_a_time, $onehot0(waiting_o))
  `ZAHL_ASSERT(a_head_stays_until_it_starts,
               count != '0 && !start_o && !clear_i |=> $stable(index_o))
endmodule
