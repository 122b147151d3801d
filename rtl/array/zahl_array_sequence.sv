`include "rtl/base/zahl_assert.svh"

// When the next tile begins, when its lines are asked for, and when the unit takes its next
// instruction. begin_o in cycle t makes t + 1 the tile's first streaming cycle; load_o in t makes t
// + 1 the first cycle of the next tile's lines, which is while a tile streams, or after that where
// it has a second stream, which needs the same port.
//
// REQUIRES (a_start_only_when_not_holding): start_i only while holding_o is 0.
module zahl_array_sequence (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic start_i,
  input  logic second_i,         // the instruction started last has a second stream
  input  logic tile_pending_i,   // it has a tile to begin
  input  logic tile_last_i,      // only this one
  input  logic loaded_i,         // no line is left after this cycle
  input  logic stream_done_i,    // no vector is left after this cycle
  input  logic stream_second_i,  // the streaming instruction has a second stream
  input  logic stream_last_i,    // its last vector streams
  output logic begin_o,
  output logic load_o,
  output logic holding_o
);
  logic next_due, load_due_q, last_tile_begun_q, released;
  assign begin_o = tile_pending_i && loaded_i && stream_done_i && !load_due_q;
  assign next_due = begin_o && !tile_last_i;
  assign load_o = start_i || (next_due && !second_i) || (load_due_q && stream_done_i);
  assign released = stream_second_i ? stream_last_i : last_tile_begun_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      last_tile_begun_q <= 1'b0;
      load_due_q <= 1'b0;
      holding_o <= 1'b0;
    end else begin
      last_tile_begun_q <= begin_o && tile_last_i;
      load_due_q <= (next_due && second_i) || (load_due_q && !stream_done_i);
      holding_o <= start_i || (holding_o && !released);
    end
  end

  `ZAHL_ASSERT(a_start_only_when_not_holding, start_i |-> !holding_o)
  `ZAHL_ASSERT(a_begin_only_when_loaded_and_done, begin_o |-> loaded_i && stream_done_i)
  `ZAHL_ASSERT(a_load_only_when_loaded, load_o |-> loaded_i)
  `ZAHL_ASSERT(a_lines_wait_for_the_second_stream, load_o && stream_second_i |-> stream_done_i)
  `ZAHL_ASSERT(a_start_holds, start_i |=> holding_o)
  `ZAHL_ASSERT(a_load_due_only_while_holding, load_due_q |-> holding_o)
endmodule
