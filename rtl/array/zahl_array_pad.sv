`include "rtl/base/zahl_assert.svh"

// The vector register: takes the scratchpad's answers in the cycle after the requests and fills the
// lanes outside of the input with the pad value. Of a pair of pixels, vector_o is the second (which
// comes by the second access) and older_o the first; otherwise vector_o takes the lanes from
// split_i on from the second access, if there is one. Both are seen from the next cycle on. set_i
// comes in the cycle of the first vector's request with what holds for all vectors of the tile.
//
// REQUIRES (a_pairs_make_two_accesses): pairs_i only with second_i.
// REQUIRES (a_split_within_the_vector): the second access takes some lane.
// REQUIRES (a_lanes_within_the_vector): no lane past the vector.
module zahl_array_pad
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                set_i,
  input  logic                                second_i,
  input  logic                                pairs_i,
  input  conv_split_t                         split_i,         // first lane of the second access
  input  conv_pad_value_t                     pad_value_i,
  input  logic                                valid_i,
  input  array_lanes_t                        lanes_i,
  /* verilator lint_off UNUSEDSIGNAL */  // `first` and `last` of a pixel tell nothing
  input  array_lanes_t                        second_lanes_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  logic            [VectorBytes*8-1:0] data_i,
  input  logic            [VectorBytes*8-1:0] second_data_i,
  output logic            [VectorBytes*8-1:0] vector_o,
  output logic            [    Columns*8-1:0] older_o
);
  // The lanes that the second access fills.
  logic [VectorBytes*8-1:0] second_mask, second_mask_q;
  logic second_q, pairs_q;
  conv_pad_value_t pad_value_q;
  always_comb begin
    second_mask = '0;
    if (set_i && second_i) second_mask = '1 << {split_i, 3'b0};
  end
  always_ff @(posedge clk_i) begin
    if (set_i) begin
      second_mask_q <= second_mask;
      second_q <= second_i;
      pairs_q <= pairs_i;
      pad_value_q <= pad_value_i;
    end
  end

  logic full, first_any;
  logic [VectorBytes*8-1:0] padded;
  assign full = (pairs_q || lanes_i.full) && (!second_q || second_lanes_i.full);
  assign first_any = lanes_i.any && !pairs_q;
  always_comb begin
    padded = data_i;
    if (valid_i) begin
      if (second_q) padded = (data_i & ~second_mask_q) | (second_data_i & second_mask_q);
      if (!full) begin
        for (int unsigned l = 0; l < VectorBytes; l++) begin
          if (!(first_any && 7'(l) >= lanes_i.first && 7'(l) <= lanes_i.last) &&
              !(second_lanes_i.any && 7'(l) >= second_lanes_i.first &&
                7'(l) <= second_lanes_i.last)) begin
            padded[l*8+:8] = pad_value_q;
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) vector_o <= padded;
    if (valid_i && pairs_q) older_o <= lanes_i.any ? data_i[Columns*8-1:0] : {Columns{pad_value_q}};
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_WITHOUT_RESET(a_pairs_make_two_accesses, set_i && pairs_i |-> second_i)
  `ZAHL_ASSERT_WITHOUT_RESET(a_split_within_the_vector,
                             set_i && second_i |-> 32'(split_i) < VectorBytes)
  `ZAHL_ASSERT_WITHOUT_RESET(a_lanes_within_the_vector,
                             valid_i && lanes_i.any |-> 32'(lanes_i.last) < VectorBytes)
  `ZAHL_ASSERT_WITHOUT_RESET(a_second_lanes_within_the_vector,
                             valid_i && second_lanes_i.any |->
                             32'(second_lanes_i.last) < VectorBytes)
  `ZAHL_ASSERT_WITHOUT_RESET(a_second_lanes_only_of_a_second_access,
                             valid_i && !second_q |-> !second_lanes_i.any)
  `ZAHL_ASSERT_WITHOUT_RESET(a_accesses_take_no_lane_twice,
                             valid_i && first_any && second_lanes_i.any |->
                             lanes_i.last < second_lanes_i.first)
endmodule
