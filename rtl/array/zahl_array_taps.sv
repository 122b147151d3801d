`include "rtl/base/zahl_assert.svh"

// Which lanes of a depthwise window take what, as byte masks: the newest pixel, the same pixel of
// the row before and of the one before that; of a pair also the older pixel and those above it; or
// a lane above: the next one, with pairs the next but one (the window moves by one or two pixels).
// A lane in no mask takes 0. set_i takes the shape in at the end of the cycle; the masks are zero
// unless valid_i.
//
// REQUIRES (a_window_within_the_lanes): tap_rows_i * tap_columns_i taps fit the lanes.
// REQUIRES (a_at_most_three_rows): at most three rows of taps.
module zahl_array_taps
  import zahl_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                set_i,
  input  depthwise_tap_columns_t              tap_columns_i,      // minus 1
  input  depthwise_tap_rows_t                 tap_rows_i,         // minus 1
  input  logic                                pairs_i,
  input  logic                                valid_i,
  output logic                   [Rows*8-1:0] newer_o,
  output logic                   [Rows*8-1:0] newer_one_above_o,
  output logic                   [Rows*8-1:0] newer_two_above_o,
  output logic                   [Rows*8-1:0] older_o,
  output logic                   [Rows*8-1:0] older_one_above_o,
  output logic                   [Rows*8-1:0] older_two_above_o,
  output logic                   [Rows*8-1:0] move_o
);
  // The newest pixel of each window row lies in its last lane, the older one of a pair in the lane
  // before, if there is one; the current row is the last row.
  logic [Rows-1:0] current_q, one_above_q, two_above_q, move_q;
  logic [Rows-1:0] current, one_above, two_above, newest, used;
  logic [7:0] columns, last;
  logic older, older_q;
  assign older = pairs_i && tap_columns_i != '0;

  always_comb begin
    columns = 8'(tap_columns_i) + 8'd1;
    last = 8'(tap_columns_i);
    if (tap_rows_i[0]) last = last + columns;
    if (tap_rows_i[1]) last = last + {columns[6:0], 1'b0};
    current = '0;
    one_above = '0;
    two_above = '0;
    used = '0;
    if (set_i) begin
      current = Rows'(1) << last;
      used = current | (current - Rows'(1));
      if (tap_rows_i != 2'd0) one_above = current >> columns;
      if (tap_rows_i[1]) two_above = one_above >> columns;
    end
    newest = current | one_above | two_above;
  end

  always_ff @(posedge clk_i) begin
    if (set_i) begin
      current_q <= current;
      one_above_q <= one_above;
      two_above_q <= two_above;
      older_q <= older;
      move_q <= used & ~(older ? newest | newest >> 1 : newest);
    end
  end

  always_comb begin
    newer_o = '0;
    newer_one_above_o = '0;
    newer_two_above_o = '0;
    older_o = '0;
    older_one_above_o = '0;
    older_two_above_o = '0;
    move_o = '0;
    if (valid_i) begin
      for (int unsigned l = 0; l < Rows; l++) begin
        newer_o[l*8+:8] = {8{current_q[l]}};
        newer_one_above_o[l*8+:8] = {8{one_above_q[l]}};
        newer_two_above_o[l*8+:8] = {8{two_above_q[l]}};
        move_o[l*8+:8] = {8{move_q[l]}};
      end
      if (older_q) begin
        older_o = newer_o >> 8;
        older_one_above_o = newer_one_above_o >> 8;
        older_two_above_o = newer_two_above_o >> 8;
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ifndef SYNTHESIS
    logic [Rows*8-1:0] masks;
    assign masks = newer_o | newer_one_above_o | newer_two_above_o | older_o | older_one_above_o |
        older_two_above_o | move_o;
  `endif
  `ZAHL_ASSERT_WITHOUT_RESET(a_window_within_the_lanes, set_i |-> 32'(last) < Rows)
  `ZAHL_ASSERT_WITHOUT_RESET(a_at_most_three_rows, set_i |-> tap_rows_i != 2'd3)
  `ZAHL_ASSERT_WITHOUT_RESET(a_a_lane_takes_one_pixel,
                             $countones(masks) == $countones(newer_o) +
                             $countones(newer_one_above_o) + $countones(newer_two_above_o) +
                             $countones(older_o) + $countones(older_one_above_o) +
                             $countones(older_two_above_o) + $countones(move_o))
  `ZAHL_ASSERT_WITHOUT_RESET(a_nothing_moves_without_a_vector, valid_i || masks == '0)
endmodule
