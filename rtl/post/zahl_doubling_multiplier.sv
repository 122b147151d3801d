`include "rtl/base/zahl_assert.svh"

// Saturating rounding doubling high multiply: round(a * b * 2^-31), ties upward. Operands are taken
// in cycle t while `multiply_i`; the result is given in t + 1 and holds.
//
// REQUIRES (a_never_saturates): never -2^31 * -2^31, the one case that would saturate.
module zahl_doubling_multiplier (
  input  logic               clk_i,
  input  logic               multiply_i,
  input  logic signed [31:0] a_i,
  input  logic signed [31:0] b_i,
  output logic signed [31:0] result_o
);
  logic signed [63:0] product_q;

  always_ff @(posedge clk_i) begin
    if (multiply_i) product_q <= a_i * b_i + 64'sh4000_0000;
  end

  assign result_o = product_q[62:31];

  // The sign is repeated above the result, and what is below it has done its work in the sum.
  logic unused;
  assign unused = ^{product_q[63], product_q[30:0]};

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_never_saturates,
                             multiply_i |-> !(a_i == 32'sh8000_0000 && b_i == 32'sh8000_0000))
endmodule
