`include "rtl/base/zahl_assert.svh"

// Whether the machine runs, and why it stopped (docs/machine.md, section 3).
//
// A cause in cycle t is visible as error at t + 1; the first one wins and causes_i stands in order,
// the most important at 0. Finish: in a running cycle in which all has been dispatched and ended
// without an error, or with an error visible and nothing on its way; running_o is 0 and done_o is 1
// in the next cycle.
//
// REQUIRES (a_start_only_when_stopped, a_clear_only_when_stopped): start_i and clear_i never come
// while running.
module zahl_control
  import zahl_pkg::*;
  import zahl_core_pkg::*;
#(
  parameter int unsigned Causes = 7
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                start_i,
  input  logic                clear_i,
  input  cause_t [Causes-1:0] causes_i,
  input  logic                all_ended_i,   // every instruction of the program
  input  logic                quiet_i,       // no instruction in flight, no fetch burst outstanding
  output logic                running_o,
  output logic                enable_o,      // running and no error visible
  output logic                done_o,
  output error_e              error_o,
  output index_t              error_index_o
);
  logic running_q, done_q, finish;
  error_e error_q;
  index_t error_index_q;
  cause_t cause;

  always_comb begin
    cause = '0;
    for (int unsigned n = Causes; n > 0; --n) begin
      if (causes_i[n-1].valid) cause = causes_i[n-1];
    end
  end

  assign finish = running_q && (error_q == ErrorNone ? all_ended_i && !cause.valid : quiet_i);
  assign running_o = running_q;
  assign enable_o = running_q && error_q == ErrorNone;
  assign done_o = done_q;
  assign error_o = error_q;
  assign error_index_o = error_index_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      done_q <= 1'b0;
      error_q <= ErrorNone;
      error_index_q <= '0;
    end else if (start_i || clear_i) begin
      running_q <= start_i;
      done_q <= 1'b0;
      error_q <= ErrorNone;
      error_index_q <= '0;
    end else begin
      if (finish) begin
        running_q <= 1'b0;
        done_q <= 1'b1;
      end
      if (enable_o && cause.valid) begin
        error_q <= cause.code;
        error_index_q <= cause.index;
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_stopped, start_i |-> !running_q)
  `ZAHL_ASSERT(a_clear_only_when_stopped, clear_i |-> !running_q)
  `ZAHL_ASSERT(a_start_runs, start_i |=> running_q && error_q == ErrorNone)
  `ZAHL_ASSERT(a_never_both_running_and_done, !(running_q && done_q))
  `ZAHL_ASSERT(a_done_only_after_running, $rose(done_q) |-> $past(running_q))
  `ZAHL_ASSERT(a_first_error_stays, running_q && error_q != ErrorNone |=> $stable(error_q))
  `ZAHL_ASSERT(a_index_of_the_error_stays,
               running_q && error_q != ErrorNone |=> $stable(error_index_q))
  `ZAHL_ASSERT(a_error_has_a_name, error_q <= ErrorWatchdog)
  `ZAHL_ASSERT(a_cause_has_a_name,
               cause.valid |-> cause.code != ErrorNone && cause.code <= ErrorWatchdog)
endmodule
