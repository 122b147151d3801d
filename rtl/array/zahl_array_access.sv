`include "rtl/base/zahl_assert.svh"

// One access of a vector: the request for the bytes of its lanes low_i to high_i that lie in the
// input, byte i of the answer being lane i. Combinational.
//
// REQUIRES (a_lanes_in_order): low_i is not above high_i.
module zahl_array_access
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                        valid_i,
  input  logic                        depthwise_i,
  input  logic                  [6:0] low_i,
  input  logic                  [6:0] high_i,
  input  address_t                    address_i,
  input  position_t                   x_i,
  input  input_row_t                  y_i,
  input  conv_input_row_limit_t       row_limit_i,  // bytes of an input row
  input  conv_input_y_limit_t         y_limit_i,    // input rows
  input  common_read_banks_t          banks_i,      // the claim
  output read_request_t               read_o,
  output array_lanes_t                lanes_o
);
  zahl_array_lanes u_lanes (
    .valid_i,
    .depthwise_i,
    .low_i,
    .high_i,
    .x_i,
    .y_i,
    .row_limit_i,
    .y_limit_i,
    .lanes_o
  );

  // An address that the request cannot hold becomes the lowest one, which lies outside of every
  // scratchpad as well.
  always_comb begin
    read_o.valid = lanes_o.any;
    read_o.address = address_i[24:0];
    if (address_i[AddressBits-1:24] != {(AddressBits - 24) {address_i[AddressBits-1]}})
      read_o.address = 25'sh1000000;
    read_o.first = lanes_o.first;
    read_o.last = lanes_o.last;
    read_o.banks = banks_i;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_ALWAYS(a_lanes_in_order, !valid_i || low_i <= high_i)
  `ZAHL_ASSERT_ALWAYS(a_read_within_its_lanes,
                      !read_o.valid || (low_i <= read_o.first && read_o.first <= read_o.last &&
                      read_o.last <= high_i))
endmodule
