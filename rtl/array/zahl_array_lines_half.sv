`include "rtl/base/zahl_assert.svh"

// The even or the odd places of the line memory: of each place the pixels of the row before the
// current one and of the row before that. A memory with one read and one write port: read_i in
// cycle t names a row, whose pixels come in t + 1; pixel_i comes then too and moves in at the end
// of t + 1. What the next cycle reads may still be on its way into the memory, so it is forwarded.
module zahl_array_lines_half
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 read_i,
  input  logic [PlaceBits-2:0] row_i,
  input  logic [Columns*8-1:0] pixel_i,
  output logic [Columns*8-1:0] one_above_o,
  output logic [Columns*8-1:0] two_above_o
);
  localparam int unsigned PixelWidth = Columns * 8;
  logic [2*PixelWidth-1:0] memory[LineBufferPixels/2];

  logic move_q, forward, forward_q;
  logic [PlaceBits-2:0] row_q;
  logic [2*PixelWidth-1:0] moved, read_q, moved_q, above;
  assign forward = read_i && move_q && row_i == row_q;
  assign moved = {pixel_i, one_above_o};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      move_q <= 1'b0;
      forward_q <= 1'b0;
    end else begin
      move_q <= read_i;
      forward_q <= forward;
    end
  end
  always_ff @(posedge clk_i) begin
    if (read_i) begin
      row_q <= row_i;
      read_q <= memory[row_i];
    end
    if (forward) moved_q <= moved;
    if (move_q) memory[row_q] <= moved;
  end

  assign above = forward_q ? moved_q : read_q;
  assign {one_above_o, two_above_o} = above;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_row_exists, read_i |-> 32'(row_i) < LineBufferPixels / 2)
  `ZAHL_ASSERT(a_pixels_on_their_way_are_forwarded,
               read_i && move_q && row_i == row_q |=> forward_q)
  `ZAHL_ASSERT(a_pixels_move_in_after_the_read, read_i |=> move_q)
endmodule
