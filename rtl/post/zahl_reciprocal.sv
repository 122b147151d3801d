`include "rtl/base/zahl_assert.svh"

// The reciprocal of softmax: headroom = clz32(sum), scale = one_over_one_plus_x((sum << headroom) -
// 2^31) as Q0.31 (docs/arithmetic.md), by three Newton steps on a multiplier that it borrows.
// `sum_i` is taken with `start_i`; the results hold from 20 cycles later until the next start. A
// sum of 0 gives scale 0.
//
// REQUIRES (a_start_only_when_idle): start_i only when the last result is there.
module zahl_reciprocal (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               start_i,
  input  logic        [31:0] sum_i,
  output logic               multiply_o,
  output logic signed [31:0] a_o,
  output logic signed [31:0] b_o,
  input  logic signed [31:0] product_i,   // of the cycle before
  output logic signed [31:0] scale_o,
  output logic        [ 4:0] headroom_o
);
  localparam logic signed [31:0] One = 32'sd1 <<< 29;  // these three in Q2.29
  localparam logic signed [31:0] FortyEightSeventeenths = 32'sd1515870810;
  localparam logic signed [31:0] MinusThirtyTwoSeventeenths = -32'sd1010580540;

  typedef enum logic [1:0] {
    Idle,
    Normalize,
    Multiply,
    Take
  } state_e;
  state_e state_q;
  logic [2:0] step_q;
  logic [31:0] normal_q;  // sum << headroom: a number in [1, 2) as Q1.31
  logic [4:0] headroom_q;
  logic signed [31:0] x_q;  // the approximation of 2 / normal, Q2.29
  logic signed [31:0] error_q;  // 1 - x * normal / 2, Q2.29

  logic signed [31:0] half_denominator;  // (1 + (normal - 1)) / 2 as Q0.31
  assign half_denominator = signed'({1'b0, normal_q[31:1]});

  // Steps 0 to 6: the first approximation, then error and correction in turn.
  logic is_correction;
  assign is_correction = step_q != 3'd0 && !step_q[0];
  assign multiply_o = state_q == Multiply;
  always_comb begin
    a_o = is_correction ? x_q : half_denominator;
    b_o = step_q == 3'd0 ? MinusThirtyTwoSeventeenths : is_correction ? error_q : x_q;
  end

  // Binary search for the leading one: 16, 8, 4, 2, 1 places.
  logic [4:0] places;
  logic is_clear;
  assign places = 5'd16 >> step_q;
  assign is_clear = (normal_q >> (6'd32 - 6'(places))) == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      step_q <= '0;
    end else if (start_i) begin
      state_q <= Normalize;
      step_q <= '0;
    end else begin
      unique case (state_q)
        Normalize: begin
          step_q <= step_q == 3'd4 ? '0 : step_q + 3'd1;
          if (step_q == 3'd4) state_q <= Multiply;
        end
        Multiply: state_q <= Take;
        Take: begin
          step_q <= step_q + 3'd1;
          state_q <= step_q == 3'd6 ? Idle : Multiply;
        end
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      normal_q <= sum_i;
      headroom_q <= '0;
    end else if (state_q == Normalize && is_clear) begin
      normal_q <= normal_q << places;
      headroom_q <= headroom_q | places;
    end else if (state_q == Take) begin
      if (step_q == 3'd0) x_q <= FortyEightSeventeenths + product_i;
      else if (!is_correction) error_q <= One - product_i;
      else
        x_q <= x_q + (product_i <<<
                      2);  // Q4.27 to Q2.29; the error is at most 1/17, so that nothing is lost
    end
  end

  // x / 2 as Q0.31; exactly 1 saturates.
  always_comb begin
    scale_o = x_q <<< 1;
    if (x_q >= 32'sd1 <<< 30) scale_o = 32'sh7fff_ffff;
    if (!normal_q[31]) scale_o = '0;
  end
  assign headroom_o = headroom_q;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_idle, start_i |-> state_q == Idle)
  `ZAHL_ASSERT(a_step_exists, step_q <= 3'd6 || state_q == Idle)
  `ZAHL_ASSERT(a_sum_is_normal_when_multiplied,
               state_q == Multiply || state_q == Take |-> normal_q[31] || normal_q == '0)
endmodule
