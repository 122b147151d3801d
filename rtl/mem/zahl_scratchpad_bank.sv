`include "rtl/base/zahl_assert.svh"

// The even or the odd lines of one scratchpad bank. Two streams of one unit (source and weights, a
// and b) may read it at once, so it has two read ports, each shared by the first or second streams
// of the units: of the clients of a port at most one may be enabled in a cycle (otherwise the first
// counts). A row read in cycle t comes out in t + 1; a row written in t can be read in t + 1.
module zahl_scratchpad_bank
  import zahl_pkg::*;
  import zahl_scratchpad_pkg::*;
(
  input  logic                         clk_i,
  input  logic [          Readers-1:0] read_enable_i,
  input  logic [  Readers*RowBits-1:0] read_row_i,
  output logic [         LineBits-1:0] first_data_o,
  output logic [         LineBits-1:0] second_data_o,
  input  logic [          Writers-1:0] write_enable_i,
  input  logic [  Writers*RowBits-1:0] write_row_i,
  input  logic [Writers*LineBytes-1:0] write_strobe_i,
  input  logic [ Writers*LineBits-1:0] write_data_i
);
  logic [LineBits-1:0] memory[BankRows];

  // Branches instead of multiplexers: an idle bank costs a simulation next to nothing.
  logic [RowBits-1:0] first_row, second_row;
  always_comb begin
    first_row = '0;
    if (|read_enable_i[FirstReaders-1:0]) begin
      for (int unsigned i = FirstReaders; i > 0; i--) begin
        if (read_enable_i[i-1]) first_row = read_row_i[(i-1)*RowBits+:RowBits];
      end
    end
  end
  always_comb begin
    second_row = '0;
    if (|read_enable_i[Readers-1:FirstReaders]) begin
      for (int unsigned i = Readers; i > FirstReaders; i--) begin
        if (read_enable_i[i-1]) second_row = read_row_i[(i-1)*RowBits+:RowBits];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (|read_enable_i[FirstReaders-1:0]) first_data_o <= memory[first_row];
    if (|read_enable_i[Readers-1:FirstReaders]) second_data_o <= memory[second_row];
  end

  // The whole line is written at once, with what it held where there is no strobe: a simulation
  // then does one write, and synthesis makes write enables of it.
  logic [RowBits-1:0] write_row;
  logic [LineBits-1:0] line;
  assign write_row = write_enable_i[0] ? write_row_i[0+:RowBits] : write_row_i[RowBits+:RowBits];
  always_comb begin
    line = '0;
    if (|write_enable_i) begin
      line = memory[write_row];
      for (int unsigned i = 0; i < LineBytes; i++) begin
        if (write_enable_i[0]) begin
          if (write_strobe_i[i]) line[i*8+:8] = write_data_i[i*8+:8];
        end else begin
          if (write_strobe_i[LineBytes+i]) line[i*8+:8] = write_data_i[LineBits+i*8+:8];
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (|write_enable_i) memory[write_row] <= line;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_first_read_within_the_bank,
                             |read_enable_i[FirstReaders-1:0] |-> 32'(first_row) < BankRows)
  `ZAHL_ASSERT_WITHOUT_RESET(a_second_read_within_the_bank,
                             |read_enable_i[Readers-1:FirstReaders] |-> 32'(second_row) < BankRows)
  `ZAHL_ASSERT_WITHOUT_RESET(a_write_within_the_bank, |write_enable_i |-> 32'(write_row) < BankRows)
endmodule
