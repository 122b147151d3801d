// Test only, for test_assertions.py: modules of every room beside each other. Each is driven as its
// header requires, but for the one that fault_i names, which is driven against it.
module zahl_assertion_bench
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_core_pkg::*;
  import zahl_array_pkg::*;
(
  input logic       clk_i,
  input logic       rst_ni,
  input logic [7:0] fault_i
);
  // Cycles since the reset.
  logic [7:0] cycle_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) cycle_q <= '0;
    else cycle_q <= cycle_q + 8'd1;
  end

  // A pulse in cycle 10, a second one in 12 as a fault.
  function automatic logic pulse(input logic [7:0] cycle, input logic again);
    return cycle == 8'd10 || (again && cycle == 8'd12);
  endfunction

  logic [2:0] fifo_count;
  zahl_fifo #(
    .Width(8),
    .Depth(4)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i(fault_i == 8'd1 ? cycle_q < 8'd20 : cycle_q[1:0] == 2'd0),
    .data_i(cycle_q),
    .pop_i(fault_i == 8'd2 ? cycle_q == 8'd4 || cycle_q == 8'd3 :
           fault_i != 8'd1 && fifo_count > 3'd1),
    .head_o(),
    .count_o(fifo_count)
  );

  zahl_control #(
    .Causes(1)
  ) u_control (
    .clk_i,
    .rst_ni,
    .start_i      (pulse(cycle_q, fault_i == 8'd3)),
    .clear_i      (fault_i == 8'd4 && cycle_q == 8'd12),
    .causes_i     ('0),
    .all_ended_i  (cycle_q == 8'd20),
    .quiet_i      (1'b1),
    .running_o    (),
    .enable_o     (),
    .done_o       (),
    .error_o      (),
    .error_index_o()
  );

  logic issue_full;
  zahl_issue u_issue (
    .clk_i,
    .rst_ni,
    .clear_i      (1'b0),
    .push_i       (fault_i == 8'd5 || !issue_full),
    .instruction_i('0),
    .index_i      ('0),
    .full_o       (issue_full),
    .done_i       ('0),
    .enable_i     (1'b1),
    .ready_i      (1'b0),
    .start_o      (),
    .instruction_o(),
    .index_o      (),
    .waiting_o    ()
  );

  zahl_tokens u_tokens (
    .clk_i,
    .rst_ni,
    .clear_i     (1'b0),
    .dispatched_i(4'(cycle_q == 8'd5)),
    .end_i       (4'(pulse(cycle_q, fault_i == 8'd6))),
    .done_o      (),
    .all_ended_o ()
  );

  zahl_claims #(
    .Depth(2)
  ) u_claims (
    .clk_i,
    .rst_ni,
    .start_i       (cycle_q == 8'd5),
    .index_i       ('0),
    .claim_i       ('1),
    .end_i         (pulse(cycle_q, fault_i == 8'd7)),
    .in_flight_o   (),
    .held_o        (),
    .latest_index_o(),
    .ended_o       (),
    .ended_index_o ()
  );

  unit_state_t [UnitCount-1:0] unit_states;
  always_comb begin
    unit_states = '0;
    if (fault_i == 8'd8 && cycle_q == 8'd9) unit_states[UnitLoad].waiting = 4'b0110;
  end
  zahl_counters u_counters (
    .clk_i,
    .rst_ni,
    .start_i     (1'b0),
    .running_i   (1'b1),
    .dispatch_i  ('0),
    .read_beat_i (1'b0),
    .write_beat_i(1'b0),
    .units_i     (unit_states),
    .select_i    ('0),
    .value_o     ()
  );

  // A response that is not taken keeps the next write waiting.
  zahl_registers u_registers (
    .clk_i,
    .rst_ni,
    .axil_awvalid_i  (cycle_q >= 8'd8 && !(fault_i == 8'd9 && cycle_q == 8'd12)),
    .axil_awready_o  (),
    .axil_awaddr_i   (RegisterWatchdog),
    .axil_wvalid_i   (cycle_q >= 8'd8),
    .axil_wready_o   (),
    .axil_wdata_i    ('0),
    .axil_wstrb_i    ('1),
    .axil_bvalid_o   (),
    .axil_bready_i   (1'b0),
    .axil_bresp_o    (),
    .axil_arvalid_i  (1'b0),
    .axil_arready_o  (),
    .axil_araddr_i   ('0),
    .axil_rvalid_o   (),
    .axil_rready_i   (1'b1),
    .axil_rdata_o    (),
    .axil_rresp_o    (),
    .start_o         (),
    .clear_o         (),
    .program_o       (),
    .count_o         (),
    .watchdog_o      (),
    .counter_select_o(),
    .counter_value_i ('0),
    .running_i       (1'b0),
    .done_i          (1'b0),
    .error_i         (ErrorNone),
    .error_index_i   ('0)
  );

  load_t load;
  logic bursts_valid;
  always_comb begin
    load = '0;
    load.row_bytes = 20'd4999;
  end
  zahl_bursts u_bursts (
    .clk_i,
    .rst_ni,
    .start_i      (pulse(cycle_q, fault_i == 8'd10)),
    .instruction_i(load),
    .advance_i    (bursts_valid ? cycle_q >= 8'd14 : fault_i == 8'd11 && cycle_q == 8'd4),
    .valid_o      (bursts_valid),
    .burst_o      ()
  );

  // A load's address is shown first and not taken; then a fetch comes.
  zahl_read_address u_read_address (
    .clk_i,
    .rst_ni,
    .fetch_valid_i  (cycle_q >= 8'd12),
    .fetch_ready_o  (),
    .fetch_address_i('0),
    .fetch_beats_i  (9'd8),
    .load_valid_i   (cycle_q >= 8'd10 && !(fault_i == 8'd12 && cycle_q == 8'd14)),
    .load_ready_o   (),
    .load_address_i (40'h1000),
    .load_beats_i   (9'd4),
    .axi_arvalid_o  (),
    .axi_arready_i  (1'b0),
    .axi_arid_o     (),
    .axi_araddr_o   (),
    .axi_arlen_o    (),
    .axi_arsize_o   (),
    .axi_arburst_o  ()
  );

  zahl_scratchpad_reader u_reader (
    .clk_i,
    .rst_ni,
    .request_i(
    '{
        valid: cycle_q == 8'd10,
        address: '0,
        first: fault_i == 8'd13 ? 7'd3 : 7'd0,
        last: fault_i == 8'd14 ? 7'(LineBytes) : 7'd2,
        banks: '1
    }
    ),
    .data_o(),
    .fault_o(),
    .even_enable_o(),
    .even_row_o(),
    .even_bank_o(),
    .even_data_bank_o(),
    .even_data_i('0),
    .odd_enable_o(),
    .odd_row_o(),
    .odd_bank_o(),
    .odd_data_bank_o(),
    .odd_data_i('0)
  );
  zahl_scratchpad_writer u_writer (
    .clk_i,
    .rst_ni,
    .request_i(
    '{
        valid: cycle_q == 8'd10,
        address: '0,
        strobe: LineBytes'(fault_i != 8'd15),
        data: '0,
        banks: '1
    }
    ),
    .fault_o(),
    .even_enable_o(),
    .even_bank_o(),
    .even_row_o(),
    .even_strobe_o(),
    .even_data_o(),
    .odd_enable_o(),
    .odd_bank_o(),
    .odd_row_o(),
    .odd_strobe_o(),
    .odd_data_o()
  );

  zahl_array_sequence u_sequence (
    .clk_i,
    .rst_ni,
    .start_i        (pulse(cycle_q, fault_i == 8'd16)),
    .second_i       (1'b0),
    .tile_pending_i (1'b0),
    .tile_last_i    (1'b0),
    .loaded_i       (1'b1),
    .stream_done_i  (1'b1),
    .stream_second_i(1'b0),
    .stream_last_i  (1'b0),
    .begin_o        (),
    .load_o         (),
    .holding_o      ()
  );
  logic tile_pending;
  zahl_array_tiles u_tiles (
    .clk_i,
    .rst_ni,
    .start_i  (cycle_q == 8'd10),
    .tiles_i  ('0),
    .begin_i  (tile_pending || (fault_i == 8'd17 && cycle_q == 8'd20)),
    .pending_o(tile_pending),
    .tile_o   ()
  );
  logic weights_loaded;
  zahl_array_weights u_weights (
    .clk_i,
    .rst_ni,
    .start_i     (cycle_q == 8'd10),
    .weights_i   ('0),
    .zero_i      ('0),
    .banks_i     ('1),
    .load_i      (pulse(cycle_q, fault_i == 8'd18)),
    .loaded_o    (weights_loaded),
    .read_o      (),
    .data_i      ('0),
    .line_valid_o(),
    .line_index_o(),
    .line_o      ()
  );
  zahl_array_taps u_taps (
    .clk_i,
    .set_i            (cycle_q == 8'd10),
    .tap_columns_i    (fault_i == 8'd19 ? 6'd62 : 6'd1),
    .tap_rows_i       (2'd1),
    .pairs_i          (1'b0),
    .valid_i          (1'b0),
    .newer_o          (),
    .newer_one_above_o(),
    .newer_two_above_o(),
    .older_o          (),
    .older_one_above_o(),
    .older_two_above_o(),
    .move_o           ()
  );
  zahl_array_pad u_pad (
    .clk_i,
    .set_i         (cycle_q == 8'd10),
    .second_i      (1'b0),
    .pairs_i       (fault_i == 8'd20),
    .split_i       ('0),
    .pad_value_i   ('0),
    .valid_i       (1'b0),
    .lanes_i       ('0),
    .second_lanes_i('0),
    .data_i        ('0),
    .second_data_i ('0),
    .vector_o      (),
    .older_o       ()
  );
  zahl_array_lines u_lines (
    .clk_i,
    .rst_ni,
    .read_i           (cycle_q == 8'd10),
    .pair_i           (1'b1),
    .place_i          (PlaceBits'(fault_i == 8'd21)),
    .newer_i          ('0),
    .older_i          ('0),
    .newer_one_above_o(),
    .newer_two_above_o(),
    .older_one_above_o(),
    .older_two_above_o()
  );

  zahl_doubling_multiplier u_multiplier (
    .clk_i,
    .multiply_i(cycle_q == 8'd10),
    .a_i       (32'sh8000_0000),
    .b_i       (fault_i == 8'd22 ? 32'sh8000_0000 : 32'sh8000_0001),
    .result_o  ()
  );
  zahl_requantizer u_requantizer (
    .clk_i,
    .add_i        (cycle_q == 8'd8),
    .multiply_i   (cycle_q == 8'd9),
    .round_i      (cycle_q == 8'd10),
    .accumulator_i('0),
    .bias_i       ('0),
    .wide_i       (1'b0),
    .product_i    ('0),
    .m0_i         ('0),
    .shift_i      ('0),
    .rounding_i   (RoundingHalfUp),
    .zero_point_i ('0),
    .low_i        (8'sd1),
    .high_i       (fault_i == 8'd23 ? 8'sd0 : 8'sd1),
    .result_o     ()
  );
  zahl_table u_table (
    .clk_i,
    .rst_ni,
    .start_i      (pulse(cycle_q, fault_i == 8'd24)),
    .instruction_i('0),
    .read_o       (),
    .data_i       ('0),
    .end_o        (),
    .look_up_i    (fault_i == 8'd25 && cycle_q == 8'd13),
    .use_table_i  (1'b0),
    .slot_i       (1'b0),
    .index_i      ('0),
    .result_o     ()
  );
  zahl_reciprocal u_reciprocal (
    .clk_i,
    .rst_ni,
    .start_i   (pulse(cycle_q, fault_i == 8'd26)),
    .sum_i     (32'd1),
    .multiply_o(),
    .a_o       (),
    .b_o       (),
    .product_i ('0),
    .scale_o   (),
    .headroom_o()
  );
  zahl_drain u_drain (
    .clk_i,
    .rst_ni,
    .start_i           (pulse(cycle_q, fault_i == 8'd27)),
    .instruction_i     ('0),
    .read_o            (),
    .line_valid_o      (),
    .line_index_o      (),
    .accumulator_read_o(),
    .issue_o           ()
  );

  logic unused;
  assign unused = weights_loaded;
endmodule
