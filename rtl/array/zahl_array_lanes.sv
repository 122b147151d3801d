// Finds the lanes of a vector that lie in the input: lane l at position x + l of row y. A conv reads Rows lanes, each of
// which counts alone; a depthwise vector of Columns channels is valid as a whole, by its x. Combinational.
module zahl_array_lanes
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic         valid_i,
  input  logic         depthwise_i,
  input  position_t    x_i,
  input  input_row_t   y_i,
  input  logic [19:0]  row_limit_i,
  input  logic [13:0]  y_limit_i,
  input  logic [7:0]   pad_value_i,
  output array_lanes_t lanes_o
);
  position_t row_limit, left;
  logic negative;
  logic y_inside, x_inside;
  logic [6:0] end_lane;

  assign row_limit = position_t'({1'b0, row_limit_i});
  assign negative = x_i < 0;
  assign left = row_limit - x_i;  // positions from x to the end of the row
  assign y_inside = y_i >= 0 && y_i < input_row_t'({1'b0, y_limit_i});
  assign x_inside = (!negative || (!depthwise_i && x_i > -position_t'(Rows))) && left > 0 && row_limit_i != '0;
  assign end_lane = depthwise_i ? 7'(Columns - 1) : 7'(Rows - 1);

  always_comb begin
    lanes_o = '0;
    lanes_o.pad_value = pad_value_i;
    lanes_o.last = end_lane;
    if (valid_i && y_inside && x_inside) begin
      lanes_o.any = 1'b1;
      if (negative) lanes_o.first = -x_i[6:0];
      if (!depthwise_i && left < position_t'(Rows)) lanes_o.last = left[6:0] - 7'd1;
      lanes_o.full = !negative && lanes_o.last == end_lane;
    end
  end
endmodule
