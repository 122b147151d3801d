`include "rtl/base/zahl_assert.svh"

// Bias, m0 and shift of each column. A drain fills them line by line, in the order of
// docs/machine.md: biases, m0s, shifts, each part in whole lines; line `line_index_i` is taken
// while `line_valid_i`. `uniform_valid_i` gives all columns the same m0 and shift. Visible in the
// next cycle.
//
// m0 and shift need not travel with the data: after a block's last accumulator read in cycle v the
// lanes use the bias in v + 1, m0 in v + 2 and the shift until v + 3, and what the next block
// brings is visible from v + 3, v + 4 and v + 5 on.
//
// REQUIRES (a_line_within_the_parameters): no line past the shifts.
module zahl_channel_parameters
  import zahl_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   line_valid_i,
  input  logic [            3:0] line_index_i,
  input  logic [LineBytes*8-1:0] line_i,
  input  logic                   uniform_valid_i,
  input  logic [           30:0] uniform_m0_i,
  input  logic [            5:0] uniform_shift_i,
  output logic [ Columns*32-1:0] bias_o,
  output logic [ Columns*31-1:0] m0_o,
  output logic [  Columns*6-1:0] shift_o
);
  localparam int unsigned WordLines = (4 * Columns + LineBytes - 1) / LineBytes;
  localparam int unsigned LineWords = Columns / WordLines;  // words used of a line

  // Bit 31 of an m0, the upper bits of a shift, and the end of a line that is wider than the part.
  logic unused;
  assign unused = ^line_i;

  always_ff @(posedge clk_i) begin
    if (uniform_valid_i) begin
      m0_o <= {Columns{uniform_m0_i}};
      shift_o <= {Columns{uniform_shift_i}};
    end
    if (line_valid_i) begin
      for (int unsigned line = 0; line < WordLines; line++) begin
        if (line_index_i == 4'(line))
          bias_o[line*LineWords*32+:LineWords*32] <= line_i[LineWords*32-1:0];
        if (line_index_i == 4'(WordLines + line)) begin
          for (int unsigned word = 0; word < LineWords; word++) begin
            m0_o[(line*LineWords+word)*31+:31] <= line_i[word*32+:31];
          end
        end
      end
      if (line_index_i == 4'(2 * WordLines)) begin
        for (int unsigned column = 0; column < Columns; column++)
        shift_o[column*6+:6] <= line_i[column*8+:6];
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_line_within_the_parameters,
                             line_valid_i |->
                             32'(line_index_i) < 2 * WordLines + (Columns +
                             LineBytes - 1) / LineBytes)
  `ZAHL_ASSERT_WITHOUT_RESET(a_uniform_or_lines,
                             uniform_valid_i && line_valid_i |-> 32'(line_index_i) < WordLines)
endmodule
