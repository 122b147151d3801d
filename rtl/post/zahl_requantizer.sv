`include "rtl/base/zahl_assert.svh"

// One lane of requantization: result = clamp(zero_point + round((accumulator + bias) * m0 *
// 2^-shift), low, high), exact for every shift and every rounding mode (docs/arithmetic.md). Where
// `wide_i` is set, `product_i` stands for (accumulator + bias) * m0. The sum of accumulator and
// bias wraps at 32 bits.
//
// Three stages, each ending in a register: `add_i` takes accumulator, bias, wide and product in
// cycle t, `multiply_i` takes m0 in t + 1, `round_i` takes zero_point, low and high in t + 2; the
// result holds from t + 3 on. shift and rounding are used in t + 1 and t + 2. A stage whose enable
// is 0 holds its register. There is no reset: the enables say what is valid.
//
// REQUIRES (a_low_not_above_high): low_i is not above high_i.
module zahl_requantizer
  import zahl_pkg::*;
(
  input  logic               clk_i,
  input  logic               add_i,
  input  logic               multiply_i,
  input  logic               round_i,
  input  logic signed [31:0] accumulator_i,
  input  logic signed [31:0] bias_i,
  input  logic               wide_i,
  input  logic signed [40:0] product_i,
  input  logic        [30:0] m0_i,
  input  logic        [ 5:0] shift_i,
  input  rounding_e          rounding_i,
  input  logic signed [ 7:0] zero_point_i,
  input  logic signed [ 7:0] low_i,
  input  logic signed [ 7:0] high_i,
  output logic signed [ 7:0] result_o
);
  logic signed [31:0] value_q;
  logic signed [40:0] wide_product_q;
  logic wide_q;
  logic signed [62:0] product_q;  // magnitude at most 2^62 - 2^31, and 2^30 more still fits

  // tfl_double rounds twice where the shift goes beyond the 31 bits of the doubling high multiply:
  // the product's 2^30 is added in the multiply stage; the round stage drops 31 bits and rounds the
  // rest of the shift, ties away from zero.
  logic is_double;
  assign is_double = rounding_i == RoundingTflDouble && shift_i[5];

  // zero_point + round(product * 2^-shift), clamped.
  function automatic logic signed [7:0] finish(
      input logic signed [62:0] product, input logic twice, input logic [5:0] shift,
      input rounding_e rounding, input logic signed [7:0] zero_point, input logic signed [7:0] low,
      input logic signed [7:0] high);
    logic signed [63:0]
        doubled;  // twice the value to be rounded, so that bit 0 of `scaled` is worth one half
    logic signed [63:0] scaled;
    logic [5:0] amount;
    logic half, rest, up;
    logic signed [11:0] rounded;
    doubled = {product, 1'b0};
    if (twice) doubled = (doubled >>> 31) & ~64'sd1;
    amount = twice ? {1'b0, shift[4:0]} + 6'd1 : shift;
    scaled = doubled >>> amount;
    half = scaled[0];
    rest = (doubled & ~(~64'sd0 << amount)) != 64'sd0;  // what was shifted out below the half
    unique case (rounding)
      RoundingTflDouble: up = half && (!twice || rest || !doubled[63]);
      RoundingHalfUp: up = half;
      RoundingHalfEven: up = half && (rest || scaled[1]);
      RoundingHalfAway: up = half && (rest || !doubled[63]);
      default: up = 1'b0;
    endcase
    // Ten bits are enough to tell which clamp applies: a zero point moves the value by at most 128.
    if (scaled[63:10] == '0 || scaled[63:10] == '1) rounded = 12'(signed'(scaled[10:1]));
    else rounded = scaled[63] ? -12'sd512 : 12'sd511;
    rounded = rounded + 12'(zero_point) + (up ? 12'sd1 : 12'sd0);
    if (rounded < 12'(low)) return low;
    if (rounded > 12'(high)) return high;
    return rounded[7:0];
  endfunction

  // One block a stage lets Verilator evaluate the stages last to first, without copies of the
  // registers.
  always_ff @(posedge clk_i) begin
    if (add_i) begin
      wide_q <= wide_i;
      if (wide_i) wide_product_q <= product_i;
      else value_q <= accumulator_i + bias_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (multiply_i) begin
      product_q <= (wide_q ? 63'(wide_product_q) : value_q * signed'({1'b0, m0_i})) +
          (is_double ? 63'sd1 <<< 30 : 63'sd0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (round_i) begin
      result_o <= finish(product_q, is_double, shift_i, rounding_i, zero_point_i, low_i, high_i);
    end
  end

  `ZAHL_ASSERT_WITHOUT_RESET(a_low_not_above_high, round_i |-> low_i <= high_i)
endmodule
