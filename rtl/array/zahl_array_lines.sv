// Two line buffers for depthwise windows of more than one row: pixel p of the row before the current one and of the row
// before that. With valid_i the buffers move on at the end of the cycle: the vector becomes the row before.
module zahl_array_lines
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 valid_i,
  input  logic [PixelBits-1:0] pixel_i,
  input  logic [Columns*8-1:0] vector_i,
  output logic [Columns*8-1:0] one_above_o,
  output logic [Columns*8-1:0] two_above_o
);
  logic [Columns*8-1:0] one_above_line [LineBufferPixels];
  logic [Columns*8-1:0] two_above_line [LineBufferPixels];

  always_comb begin
    one_above_o = '0;
    two_above_o = '0;
    if (valid_i) begin
      one_above_o = one_above_line[pixel_i];
      two_above_o = two_above_line[pixel_i];
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      one_above_line[pixel_i] <= vector_i;
      two_above_line[pixel_i] <= one_above_o;
    end
  end
endmodule
