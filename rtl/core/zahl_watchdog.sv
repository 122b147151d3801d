`include "rtl/base/zahl_assert.svh"

// Counts cycles without progress; a cause in the cycle in which the count stands at limit_i (0:
// never).
module zahl_watchdog
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          start_i,
  input  logic          running_i,
  input  logic          progress_i,
  input  logic   [31:0] limit_i,
  input  index_t        index_i,     // of the next instruction to dispatch
  output cause_t        cause_o
);
  logic [31:0] idle_q;

  assign cause_o = '{
          valid: running_i && limit_i != '0 && idle_q == limit_i,
          code: ErrorWatchdog,
          index: index_i
      };

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) idle_q <= '0;
    else if (start_i) idle_q <= '0;
    else if (running_i) idle_q <= progress_i ? '0 : idle_q + 1'b1;
  end

  `ZAHL_ASSERT(a_start_only_when_stopped, start_i |-> !running_i)
  `ZAHL_ASSERT(a_never_with_limit_0, limit_i == '0 |-> !cause_o.valid)
  `ZAHL_ASSERT(a_progress_begins_anew, running_i && progress_i |=> idle_q == '0)
  `ZAHL_ASSERT(a_only_while_running, cause_o.valid |-> running_i)
endmodule
