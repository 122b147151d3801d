`include "rtl/base/zahl_assert.svh"

// Shares the read address channel: fetch wins, the grant is in the same cycle; but an address once
// shown and not taken stays.
//
// REQUIRES (a_fetch_stays_until_taken, a_load_stays_until_taken): a request once shown stays.
module zahl_read_address
  import zahl_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        fetch_valid_i,
  output logic        fetch_ready_o,
  input  logic [39:0] fetch_address_i,
  input  logic [ 8:0] fetch_beats_i,    // of the burst
  input  logic        load_valid_i,
  output logic        load_ready_o,
  input  logic [39:0] load_address_i,
  input  logic [ 8:0] load_beats_i,     // of the burst
  output logic        axi_arvalid_o,
  input  logic        axi_arready_i,
  output logic [ 0:0] axi_arid_o,
  output logic [39:0] axi_araddr_o,
  output logic [ 7:0] axi_arlen_o,
  output logic [ 2:0] axi_arsize_o,
  output logic [ 1:0] axi_arburst_o
);
  logic load_stays_q;  // a load's address was shown and not taken
  logic select_load;

  assign select_load = load_stays_q || !fetch_valid_i;
  assign fetch_ready_o = axi_arready_i && !select_load;
  assign load_ready_o = axi_arready_i && select_load;

  assign axi_arvalid_o = fetch_valid_i || load_valid_i;
  assign axi_arid_o = select_load;
  assign axi_araddr_o = select_load ? load_address_i : fetch_address_i;
  assign axi_arlen_o = 8'((select_load ? load_beats_i : fetch_beats_i) - 1'b1);
  assign axi_arsize_o = 3'($clog2(BusBytes));
  assign axi_arburst_o = 2'b01;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) load_stays_q <= 1'b0;
    else load_stays_q <= load_valid_i && select_load && !axi_arready_i;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_fetch_stays_until_taken,
               fetch_valid_i && !fetch_ready_o |=>
               fetch_valid_i && $stable({fetch_address_i, fetch_beats_i}))
  `ZAHL_ASSERT(a_load_stays_until_taken,
               load_valid_i && !load_ready_o |=>
               load_valid_i && $stable({load_address_i, load_beats_i}))
  `ZAHL_ASSERT(a_address_stays_until_taken,
               axi_arvalid_o && !axi_arready_i |=>
               axi_arvalid_o && $stable({axi_arid_o, axi_araddr_o, axi_arlen_o}))
  `ZAHL_ASSERT(a_one_grant_at_a_time, !(fetch_ready_o && load_ready_o))
  `ZAHL_ASSERT(a_grant_only_when_taken, fetch_ready_o || load_ready_o |-> axi_arready_i)
  `ZAHL_ASSERT(a_burst_within_a_page,
               axi_arvalid_o |->
               32'(axi_araddr_o[11:0]) + (32'(axi_arlen_o) + 1) * BusBytes <= 4096)
endmodule
