`include "rtl/base/zahl_assert.svh"

// The line memory for depthwise windows of more than one row: at each place the pixel of the row
// before the current one and that of the row before that. read_i in cycle t names a place, or a
// pair of places from an even one on; in t + 1 the pixels above come, and the current ones (the
// second of a pair, or the only one, is the newer) move in.
//
// REQUIRES (a_pair_begins_at_an_even_place): a pair begins at an even place.
module zahl_array_lines
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 read_i,
  input  logic                 pair_i,
  input  logic [PlaceBits-1:0] place_i,
  input  logic [Columns*8-1:0] newer_i,
  input  logic [Columns*8-1:0] older_i,
  output logic [Columns*8-1:0] newer_one_above_o,
  output logic [Columns*8-1:0] newer_two_above_o,
  output logic [Columns*8-1:0] older_one_above_o,
  output logic [Columns*8-1:0] older_two_above_o
);
  logic pair_q, odd_q;
  always_ff @(posedge clk_i) begin
    if (read_i) begin
      pair_q <= pair_i;
      odd_q <= pair_i || place_i[0];
    end
  end

  logic [Columns*8-1:0] odd_one_above, odd_two_above;
  zahl_array_lines_half u_even (
    .clk_i,
    .rst_ni,
    .read_i     (read_i && (pair_i || !place_i[0])),
    .row_i      (place_i[PlaceBits-1:1]),
    .pixel_i    (pair_q ? older_i : newer_i),
    .one_above_o(older_one_above_o),
    .two_above_o(older_two_above_o)
  );
  zahl_array_lines_half u_odd (
    .clk_i,
    .rst_ni,
    .read_i     (read_i && (pair_i || place_i[0])),
    .row_i      (place_i[PlaceBits-1:1]),
    .pixel_i    (newer_i),
    .one_above_o(odd_one_above),
    .two_above_o(odd_two_above)
  );
  assign newer_one_above_o = odd_q ? odd_one_above : older_one_above_o;
  assign newer_two_above_o = odd_q ? odd_two_above : older_two_above_o;

  `ZAHL_ASSERT(a_pair_begins_at_an_even_place, read_i && pair_i |-> !place_i[0])
  `ZAHL_ASSERT(a_place_exists, read_i |-> 32'(place_i) < LineBufferPixels)
endmodule
