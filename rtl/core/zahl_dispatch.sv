`include "rtl/base/zahl_assert.svh"

// Hands the instructions at the head of the fetch buffer to the queues of their units, in order, at
// most one a cycle (docs/machine.md, section 5). An illegal instruction stays where it is and is a
// cause in that cycle.
//
// REQUIRES (a_start_only_when_stopped): start_i never comes while enabled.
// REQUIRES (a_head_only_of_the_program): no instruction is at the head when all are dispatched.
module zahl_dispatch
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input logic clk_i,
  input logic rst_ni,
  input logic start_i,  // of the program
  input index_t count_i,
  input logic enable_i,  // running and no error visible
  input logic head_valid_i,
  input logic [InstructionBits-1:0] head_i,
  input logic head_error_i,  // did not arrive from the memory
  output logic take_o,
  input logic [UnitCount-1:0] full_i,  // of the queues
  output logic [UnitCount-1:0] push_o,
  output index_t index_o,  // of the next instruction to dispatch
  output logic all_dispatched_o,
  output cause_t cause_o,
  output dispatch_state_t state_o
);
  index_t index_q, left_q;
  logic legal, present;
  unit_e unit;

  assign present = enable_i && head_valid_i;

  always_comb begin
    legal = 1'b0;
    unit = UnitLoad;
    if (present) begin
      legal = !head_error_i && is_legal(head_i);
      unit = unit_of(head_i[7:0]);
    end
  end

  assign take_o = present && legal && !full_i[unit];
  assign push_o = UnitCount'(take_o) << unit;
  assign index_o = index_q;
  assign all_dispatched_o = left_q == '0;
  assign cause_o = '{valid: present && !legal, code: ErrorIllegalInstruction, index: index_q};
  assign state_o = '{
          full: present && legal && full_i[unit],
          empty: enable_i && !head_valid_i && left_q != '0
      };

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_q <= '0;
      left_q <= '0;
    end else if (start_i) begin
      index_q <= '0;
      left_q <= count_i;
    end else if (take_o) begin
      index_q <= index_q + 1'b1;
      left_q <= left_q - 1'b1;
    end
  end

  `ZAHL_ASSERT(a_start_only_when_stopped, start_i |-> !enable_i)
  `ZAHL_ASSERT(a_head_only_of_the_program, enable_i && head_valid_i |-> left_q != '0)
  `ZAHL_ASSERT(a_to_one_queue_at_a_time, $onehot0(push_o))
  `ZAHL_ASSERT(a_push_only_with_room, (push_o & full_i) == '0)
  `ZAHL_ASSERT(a_taken_is_pushed, take_o == (push_o != '0))
  `ZAHL_ASSERT(a_illegal_stays, cause_o.valid |-> !take_o)
  `ZAHL_ASSERT(a_all_dispatched_stays, all_dispatched_o && !start_i |=> all_dispatched_o)
  `ZAHL_ASSERT(a_never_both_full_and_empty, !(state_o.full && state_o.empty))
endmodule
