`include "rtl/base/zahl_assert.svh"

// One lane of eltwise in front of the requantizer. Bytes a and b are taken with `subtract_i` in
// cycle t, the products are made with `multiply_i` in t + 1; in t + 2, while `scale_i`, the outputs
// are what the requantizer adds and rounds:
//   mul        accumulator = qa * qb                                     bias = 0
//   add, sub   accumulator = tfl_double(qa * 2^20, a_m0, 31 + a_shift)   bias = +- the same of b
//   exact      product = qa * a_m0 +- qb * b_m0                            the other two 0
// with qa = a - a_zero, qb = b - b_zero. Parameters are constant while an instruction runs.
//
// REQUIRES (a_operation_is_known): operation_i is one of the three.
// REQUIRES (a_products_follow_bytes): multiply_i only in the cycle after subtract_i.
module zahl_eltwise_lane
  import zahl_pkg::*;
(
  input  logic               clk_i,
  input  logic               subtract_i,
  input  logic               multiply_i,
  input  logic               scale_i,
  input  logic signed [ 7:0] a_i,
  input  logic signed [ 7:0] b_i,
  input  logic signed [ 7:0] a_zero_i,
  input  logic signed [ 7:0] b_zero_i,
  input  logic        [30:0] a_m0_i,
  input  logic        [30:0] b_m0_i,
  input  logic        [ 4:0] a_shift_i,
  input  logic        [ 4:0] b_shift_i,
  input  eltwise_op_e        operation_i,
  input  logic               is_exact_i,
  output logic signed [31:0] accumulator_o,
  output logic signed [31:0] bias_o,
  output logic signed [40:0] product_o
);
  logic signed [8:0] qa_q, qb_q;
  logic signed [39:0] a_product_q, b_product_q;  // at most 255 * (2^31 - 1)

  logic is_mul, is_sub;
  assign is_mul = operation_i == EltwiseOpMul;
  assign is_sub = operation_i == EltwiseOpSub;

  logic signed [31:0] a_factor;
  assign a_factor = is_mul ? 32'(qb_q) : signed'({1'b0, a_m0_i});

  always_ff @(posedge clk_i) begin
    if (subtract_i) begin
      qa_q <= 9'(a_i) - 9'(a_zero_i);
      qb_q <= 9'(b_i) - 9'(b_zero_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (multiply_i) begin
      a_product_q <= 40'(qa_q) * 40'(a_factor);
      if (!is_mul) b_product_q <= 40'(qb_q) * signed'({9'b0, b_m0_i});
    end
  end

  // tfl_double of product * 2^20 and shift 31 + shift: floor(product * 2^-11 + 1/2), then a
  // rounding shift, ties away from zero.
  function automatic logic signed [31:0] scaled(input logic signed [39:0] product,
                                                input logic [4:0] shift);
    logic signed [31:0]
        doubled;  // twice the value to be rounded, so that bit 0 of `shifted` is worth one half
    logic signed [31:0] shifted;
    logic rest;
    doubled = 32'((product + 40'sd1024) >>> 10) & ~32'sd1;
    shifted = doubled >>> shift;
    rest = (doubled & ~(~32'sd0 << shift)) != 32'sd0;
    return (shifted >>> 1) + (shifted[0] && (rest || !doubled[31]) ? 32'sd1 : 32'sd0);
  endfunction

  logic signed [31:0] b_scaled;
  always_comb begin
    accumulator_o = '0;
    bias_o = '0;
    product_o = '0;
    b_scaled = '0;
    if (scale_i) begin
      if (is_exact_i) begin
        product_o = is_sub ? 41'(a_product_q) - 41'(b_product_q) :
            41'(a_product_q) + 41'(b_product_q);
      end else if (is_mul) begin
        accumulator_o = a_product_q[31:0];
      end else begin
        b_scaled = scaled(b_product_q, b_shift_i);
        accumulator_o = scaled(a_product_q, a_shift_i);
        bias_o = is_sub ? -b_scaled : b_scaled;
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_operation_is_known, scale_i |-> operation_i <= EltwiseOpMul)
  `ZAHL_ASSERT_WITHOUT_RESET(a_products_follow_bytes, multiply_i |-> $past(subtract_i))
  `ZAHL_ASSERT_WITHOUT_RESET(a_exact_is_no_product_of_two, scale_i && is_exact_i |-> !is_mul)
  `ZAHL_ASSERT_WITHOUT_RESET(a_product_of_two_fits,
                             scale_i && is_mul && !is_exact_i |->
                             40'(signed'(a_product_q[31:0])) == a_product_q)
endmodule
