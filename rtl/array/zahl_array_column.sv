`include "rtl/base/zahl_assert.svh"

// One column: a window of Rows operands, Rows weights with a shadow behind them, and the sum of
// their products or the maximum of the operands whose weight is not zero. Cycle t: window (take_i:
// the vector; move_i: by one pixel, with pair_i by two), t + 1: compute_i makes the dot product of
// it with the weights active then, t + 2: sum_o combines it with the accumulator. swap_i makes the
// shadow active at the end of the cycle, before what quad_write_i writes into it in the same cycle.
//
// REQUIRES (a_take_or_move): never take_i and move_i in one cycle.
// REQUIRES (a_pair_only_when_moving): pair_i only with move_i.
module zahl_array_column
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                            clk_i,
  input  logic [              Rows/4-1:0] quad_write_i,
  input  logic [ColumnQuads*QuadBits-1:0] quads_i,
  input  logic                            swap_i,
  input  logic                            take_i,
  input  logic [              Rows*8-1:0] vector_i,
  input  logic                            move_i,
  input  logic                            pair_i,
  input  logic [                     7:0] newer_i,
  input  logic [                     7:0] newer_one_above_i,
  input  logic [                     7:0] newer_two_above_i,
  input  logic [                     7:0] older_i,
  input  logic [                     7:0] older_one_above_i,
  input  logic [                     7:0] older_two_above_i,
  input  logic [              Rows*8-1:0] newer_mask_i,
  input  logic [              Rows*8-1:0] newer_one_above_mask_i,
  input  logic [              Rows*8-1:0] newer_two_above_mask_i,
  input  logic [              Rows*8-1:0] older_mask_i,
  input  logic [              Rows*8-1:0] older_one_above_mask_i,
  input  logic [              Rows*8-1:0] older_two_above_mask_i,
  input  logic [              Rows*8-1:0] move_mask_i,
  input  logic                            compute_i,
  input  logic                            compute_maximum_i,
  input  logic                            overwrite_i,
  input  logic                            maximum_i,
  input  logic [                    31:0] accumulator_i,
  output logic [                    31:0] sum_o
);
  localparam int unsigned DotBits = 17 + $clog2(Rows);

  logic [Rows*WeightBits-1:0] shadow_q, weights_q;
  for (genvar g = 0; g < Rows / 4; g++) begin : gen_quad
    always_ff @(posedge clk_i) begin
      if (quad_write_i[g])
        shadow_q[g*QuadBits+:QuadBits] <= quads_i[(g%ColumnQuads)*QuadBits+:QuadBits];
    end
  end
  always_ff @(posedge clk_i) begin
    if (swap_i) weights_q <= shadow_q;
  end

  // Replicated in two steps, which a simulation does word by word.
  logic [Rows*8-1:0] window_q, moved;
  logic [31:0] newer_quad, newer_one_above_quad, newer_two_above_quad;
  logic [31:0] older_quad, older_one_above_quad, older_two_above_quad;
  always_comb begin
    newer_quad = '0;
    newer_one_above_quad = '0;
    newer_two_above_quad = '0;
    older_quad = '0;
    older_one_above_quad = '0;
    older_two_above_quad = '0;
    moved = '0;
    if (move_i) begin
      newer_quad = {4{newer_i}};
      newer_one_above_quad = {4{newer_one_above_i}};
      newer_two_above_quad = {4{newer_two_above_i}};
      moved = ({Rows / 4{newer_quad}} & newer_mask_i) |
          ({Rows / 4{newer_one_above_quad}} & newer_one_above_mask_i) |
          ({Rows / 4{newer_two_above_quad}} & newer_two_above_mask_i);
      if (pair_i) begin
        older_quad = {4{older_i}};
        older_one_above_quad = {4{older_one_above_i}};
        older_two_above_quad = {4{older_two_above_i}};
        moved = moved | ({16'b0, window_q[Rows*8-1:16]} & move_mask_i) |
            ({Rows / 4{older_quad}} & older_mask_i) |
            ({Rows / 4{older_one_above_quad}} & older_one_above_mask_i) |
            ({Rows / 4{older_two_above_quad}} & older_two_above_mask_i);
      end else begin
        moved = moved | ({8'b0, window_q[Rows*8-1:8]} & move_mask_i);
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (take_i) window_q <= vector_i;
    else if (move_i) window_q <= moved;
  end

  // Only one of the two is worked out, and only when wanted: idle logic must cost a simulation
  // nothing.
  logic signed [31:0] product_sum;
  always_comb begin
    product_sum = '0;
    if (compute_i && !compute_maximum_i) begin
      for (int unsigned l = 0; l < Rows; l++) begin
        product_sum = product_sum +
            32'(signed'(window_q[l*8+:8])) * 32'(signed'(weights_q[l*WeightBits+:WeightBits]));
      end
    end
  end

  logic signed [7:0] largest;
  always_comb begin
    largest = -8'sd128;
    if (compute_i && compute_maximum_i) begin
      for (int unsigned l = 0; l < Rows; l++) begin
        if (weights_q[l*WeightBits+:WeightBits] != '0 && signed'(window_q[l*8+:8]) > largest) begin
          largest = window_q[l*8+:8];
        end
      end
    end
  end

  logic signed [DotBits-1:0] dot_q;
  always_ff @(posedge clk_i) begin
    if (compute_i) dot_q <= compute_maximum_i ? DotBits'(largest) : DotBits'(product_sum);
  end

  logic signed [31:0] dot;
  assign dot = 32'(dot_q);
  always_comb begin
    if (overwrite_i) sum_o = dot;
    else if (!maximum_i) sum_o = accumulator_i + dot;
    else if (signed'(accumulator_i) > dot) sum_o = accumulator_i;
    else sum_o = dot;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_take_or_move, !(take_i && move_i))
  `ZAHL_ASSERT_WITHOUT_RESET(a_pair_only_when_moving, pair_i |-> move_i)
  `ZAHL_ASSERT_WITHOUT_RESET(a_dot_product_fits,
                             compute_i && !compute_maximum_i |->
                             32'(DotBits'(product_sum)) == product_sum)
endmodule
