`include "rtl/base/zahl_assert.svh"

// Finds which of the lanes low_i to high_i of an access lie in the input: lane l at position x + l
// of row y. The lanes of a conv count each alone; the pixel of a depthwise is valid as a whole, by
// its x. Combinational.
module zahl_array_lanes
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                        valid_i,
  input  logic                        depthwise_i,
  input  logic                  [6:0] low_i,
  input  logic                  [6:0] high_i,
  input  position_t                   x_i,
  input  input_row_t                  y_i,
  input  conv_input_row_limit_t       row_limit_i,  // bytes of an input row
  input  conv_input_y_limit_t         y_limit_i,    // input rows
  output array_lanes_t                lanes_o
);
  position_t left;  // positions from x to the end of the row
  logic y_inside, x_inside;
  logic [6:0] first, last;

  always_comb begin
    lanes_o = '0;
    left = '0;
    y_inside = 1'b0;
    x_inside = 1'b0;
    first = low_i;
    last = high_i;
    if (valid_i) begin
      left = position_t'({1'b0, row_limit_i}) - x_i;
      y_inside = y_i >= 0 && y_i < input_row_t'({1'b0, y_limit_i});
      x_inside = left > 0 && (x_i >= 0 || (!depthwise_i && x_i > -position_t'(Rows)));
      if (x_i < 0 && -x_i[6:0] > low_i) first = -x_i[6:0];
      if (!depthwise_i && left <= position_t'({1'b0, high_i})) last = left[6:0] - 7'd1;
      lanes_o.any = y_inside && x_inside && first <= last;
      lanes_o.full = lanes_o.any && first == low_i && last == high_i;
      lanes_o.first = first;
      lanes_o.last = last;
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_ALWAYS(a_lanes_in_order, !lanes_o.any || lanes_o.first <= lanes_o.last)
  `ZAHL_ASSERT_ALWAYS(a_lanes_within_the_access,
                      !lanes_o.any || (low_i <= lanes_o.first && lanes_o.last <= high_i))
  `ZAHL_ASSERT_ALWAYS(a_full_is_any, !lanes_o.full || lanes_o.any)
  `ZAHL_ASSERT_ALWAYS(a_none_without_a_vector, valid_i || !lanes_o.any)
endmodule
