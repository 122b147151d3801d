// Shares the read address channel: fetch wins, the grant is in the same cycle; but an address once
// shown and not taken stays.
module zahl_read_address
  import zahl_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        fetch_valid_i,
  output logic        fetch_ready_o,
  input  logic [39:0] fetch_address_i,
  input  logic [ 8:0] fetch_beats_i,
  input  logic        load_valid_i,
  output logic        load_ready_o,
  input  logic [39:0] load_address_i,
  input  logic [ 8:0] load_beats_i,
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

endmodule
