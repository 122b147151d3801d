`include "rtl/base/zahl_assert.svh"

// One accumulator bank: vectors of Columns 32-bit sums, one read and one write port. The read port
// has two clients of which at most one is enabled in a cycle (otherwise the first counts). A vector
// read in cycle t is at data_o in t + 1; a vector written in t can be read in t + 1, and a read in
// t itself gives the old one.
module zahl_accumulator_bank
  import zahl_pkg::*;
#(
  localparam int unsigned IndexBits = $clog2(AccumulatorBankVectors)
) (
  input  logic                  clk_i,
  input  logic                  array_read_i,
  input  logic [ IndexBits-1:0] array_read_index_i,
  input  logic                  post_read_i,
  input  logic [ IndexBits-1:0] post_read_index_i,
  output logic [Columns*32-1:0] data_o,
  input  logic                  write_i,
  input  logic [ IndexBits-1:0] write_index_i,
  input  logic [Columns*32-1:0] write_data_i
);
  logic [Columns*32-1:0] memory[AccumulatorBankVectors];

  logic [IndexBits-1:0] read_index;
  assign read_index = array_read_i ? array_read_index_i : post_read_index_i;

  always_ff @(posedge clk_i) begin
    if (array_read_i || post_read_i) data_o <= memory[read_index];
  end

  always_ff @(posedge clk_i) begin
    if (write_i) memory[write_index_i] <= write_data_i;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_write_within_the_bank,
                             write_i |-> 32'(write_index_i) < AccumulatorBankVectors)
  `ZAHL_ASSERT_WITHOUT_RESET(a_read_within_the_bank,
                             array_read_i || post_read_i |->
                             32'(read_index) < AccumulatorBankVectors)
endmodule
