`include "rtl/base/zahl_assert.svh"

// Loads weight tiles: load_i in cycle t asks for the TileLines lines of the next tile in t + 1 .. t
// + TileLines; loaded_o is set when no line is left after this cycle. A line asked for in cycle a
// comes out in a + 2, its zero point subtracted, to be written into the shadow at the end of that
// cycle. Tiles follow each other in memory; start_i (which comes with a load_i) begins anew at
// weights_i.
//
// REQUIRES (a_load_only_when_loaded): load_i only while loaded_o.
// REQUIRES (a_start_comes_with_a_load): start_i only with load_i.
// REQUIRES (a_start_only_after_the_last_line): start_i only when no line of the instruction before
// has its zero point still to be subtracted.
module zahl_array_weights
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                                          clk_i,
  input  logic                                          rst_ni,
  input  logic                                          start_i,
  input  conv_weights_t                                 weights_i,
  input  conv_weight_zero_t                             zero_i,        // zero point of the weights
  input  common_read_banks_t                            banks_i,       // the claim
  input  logic                                          load_i,
  output logic                                          loaded_o,
  output read_request_t                                 read_o,
  input  logic               [         LineBytes*8-1:0] data_i,
  output logic                                          line_valid_o,
  output logic               [        TileLineBits-1:0] line_index_o,
  output logic               [LineBytes*WeightBits-1:0] line_o
);
  logic active_q, asked_q, valid_q;
  logic [TileLineBits-1:0] index_q, asked_index_q, valid_index_q;
  logic [LineBytes*8-1:0] line_q;

  // Bit 24 stays set once the address has left what an instruction can name; as a sign bit it makes
  // the request a fault.
  logic [24:0] address_q;
  conv_weight_zero_t zero_q;
  common_read_banks_t banks_q;

  assign loaded_o = !active_q || index_q == TileLineBits'(TileLines - 1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      asked_q <= 1'b0;
      valid_q <= 1'b0;
    end else begin
      active_q <= load_i || !loaded_o;
      asked_q <= active_q;
      valid_q <= asked_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) index_q <= '0;
    else if (active_q) index_q <= index_q + TileLineBits'(1);
    if (start_i) begin
      address_q <= {1'b0, weights_i};
      zero_q <= zero_i;
      banks_q <= banks_i;
    end else if (active_q) begin
      address_q <= {address_q[24], 24'b0} | ({1'b0, address_q[23:0]} + 25'(LineBytes));
    end
    asked_index_q <= index_q;
    valid_index_q <= asked_index_q;
    if (asked_q) line_q <= data_i;
  end

  always_comb begin
    read_o.valid = active_q;
    read_o.address = address_q;
    read_o.first = '0;
    read_o.last = 7'(LineBytes - 1);
    read_o.banks = banks_q;
  end

  // An instruction starts only when the lines of the one before have come out, so zero_q belongs to
  // line_q.
  assign line_valid_o = valid_q;
  assign line_index_o = valid_index_q;
  always_comb begin
    line_o = '0;
    if (valid_q) begin
      for (int unsigned i = 0; i < LineBytes; i++) begin
        line_o[i*WeightBits+:WeightBits] = WeightBits'(signed'(line_q[i*8+:8])) -
            WeightBits'(zero_q);
      end
    end
  end

  `ZAHL_ASSERT(a_load_only_when_loaded, load_i |-> loaded_o)
  `ZAHL_ASSERT(a_start_comes_with_a_load, start_i |-> load_i)
  `ZAHL_ASSERT(a_start_only_after_the_last_line, start_i |-> !active_q && !asked_q)
  `ZAHL_ASSERT(a_line_within_the_tile, line_valid_o |-> 32'(line_index_o) < TileLines)
  `ZAHL_ASSERT(a_load_asks, load_i |=> read_o.valid && index_q == '0)
endmodule
