`include "rtl/base/zahl_assert.svh"

// The machine: an AXI4 manager towards DRAM, an AXI4-Lite subordinate for control, an interrupt,
// and the trace of starts and ends.
//
// docs/machine.md gives every cycle of it. Each output but the ready signals of AXI4-Lite depends
// on registers alone. Read IDs: fetch 0, load 1; write ID 0. Read data and write responses are
// taken in every cycle; memory answers in the order of arrival.
//
// REQUIRES (a_response_has_the_id_of_stores): write responses have ID 0.
module zahl_top
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,
  output logic                    irq_o,
  output trace_t                  trace_o,
  // AXI4 manager.
  output logic                    axi_awvalid_o,
  input  logic                    axi_awready_i,
  output logic   [           0:0] axi_awid_o,
  output logic   [          39:0] axi_awaddr_o,
  output logic   [           7:0] axi_awlen_o,
  output logic   [           2:0] axi_awsize_o,
  output logic   [           1:0] axi_awburst_o,
  output logic                    axi_wvalid_o,
  input  logic                    axi_wready_i,
  output logic   [BusBytes*8-1:0] axi_wdata_o,
  output logic   [  BusBytes-1:0] axi_wstrb_o,
  output logic                    axi_wlast_o,
  input  logic                    axi_bvalid_i,
  output logic                    axi_bready_o,
  input  logic   [           0:0] axi_bid_i,
  input  logic   [           1:0] axi_bresp_i,
  output logic                    axi_arvalid_o,
  input  logic                    axi_arready_i,
  output logic   [           0:0] axi_arid_o,
  output logic   [          39:0] axi_araddr_o,
  output logic   [           7:0] axi_arlen_o,
  output logic   [           2:0] axi_arsize_o,
  output logic   [           1:0] axi_arburst_o,
  input  logic                    axi_rvalid_i,
  output logic                    axi_rready_o,
  input  logic   [           0:0] axi_rid_i,
  input  logic   [BusBytes*8-1:0] axi_rdata_i,
  input  logic   [           1:0] axi_rresp_i,
  input  logic                    axi_rlast_i,
  // AXI4-Lite subordinate.
  input  logic                    axil_awvalid_i,
  output logic                    axil_awready_o,
  input  logic   [           7:0] axil_awaddr_i,
  input  logic                    axil_wvalid_i,
  output logic                    axil_wready_o,
  input  logic   [          31:0] axil_wdata_i,
  input  logic   [           3:0] axil_wstrb_i,
  output logic                    axil_bvalid_o,
  input  logic                    axil_bready_i,
  output logic   [           1:0] axil_bresp_o,
  input  logic                    axil_arvalid_i,
  output logic                    axil_arready_o,
  input  logic   [           7:0] axil_araddr_i,
  output logic                    axil_rvalid_o,
  input  logic                    axil_rready_i,
  output logic   [          31:0] axil_rdata_o,
  output logic   [           1:0] axil_rresp_o
);
  if (BurstBytes / BusBytes > 256) begin : gen_burst_check
    $error("burst_bytes needs more than the 256 beats of an AXI4 burst");
  end
  if (LoadWriteCycles != 2 || StoreReadCycles != 2) begin : gen_delay_check
    $error("load and store have other delays than isa/hw.toml");
  end

  // Control.
  logic start, clear, running, enable, done;
  logic [39:0] program_address;
  index_t count, error_index;
  logic [31:0] watchdog;
  logic [4:0] counter_select;
  logic [47:0] counter_value;
  error_e error;

  zahl_registers u_registers (
    .clk_i,
    .rst_ni,
    .axil_awvalid_i,
    .axil_awready_o,
    .axil_awaddr_i,
    .axil_wvalid_i,
    .axil_wready_o,
    .axil_wdata_i,
    .axil_wstrb_i,
    .axil_bvalid_o,
    .axil_bready_i,
    .axil_bresp_o,
    .axil_arvalid_i,
    .axil_arready_o,
    .axil_araddr_i,
    .axil_rvalid_o,
    .axil_rready_i,
    .axil_rdata_o,
    .axil_rresp_o,
    .start_o         (start),
    .clear_o         (clear),
    .program_o       (program_address),
    .count_o         (count),
    .watchdog_o      (watchdog),
    .counter_select_o(counter_select),
    .counter_value_i (counter_value),
    .running_i       (running),
    .done_i          (done),
    .error_i         (error),
    .error_index_i   (error_index)
  );
  assign irq_o = done;

  // Channels to the memory.
  assign axi_rready_o = 1'b1;
  assign axi_bready_o = 1'b1;

  logic fetch_beat, load_beat, beat_error;
  assign fetch_beat = axi_rvalid_i && axi_rid_i == 1'b0;
  assign load_beat = axi_rvalid_i && axi_rid_i == 1'b1;
  assign beat_error = axi_rresp_i[1];  // SLVERR or DECERR

  logic fetch_valid, fetch_ready, load_valid, load_ready;
  logic [39:0] fetch_address, load_address;
  logic [8:0] fetch_beats, load_beats;

  zahl_read_address u_read_address (
    .clk_i,
    .rst_ni,
    .fetch_valid_i  (fetch_valid),
    .fetch_ready_o  (fetch_ready),
    .fetch_address_i(fetch_address),
    .fetch_beats_i  (fetch_beats),
    .load_valid_i   (load_valid),
    .load_ready_o   (load_ready),
    .load_address_i (load_address),
    .load_beats_i   (load_beats),
    .axi_arvalid_o,
    .axi_arready_i,
    .axi_arid_o,
    .axi_araddr_o,
    .axi_arlen_o,
    .axi_arsize_o,
    .axi_arburst_o
  );

  // Core.
  logic head_valid, head_error, take, fetch_quiet;
  logic [InstructionBits-1:0] head;
  logic [UnitCount-1:0] unit_ready, unit_start, unit_end, unit_fault, unit_bus_error;
  logic [UnitCount-1:0][InstructionBits-1:0] instruction;
  logic streaming, holding;

  zahl_core u_core (
    .clk_i,
    .rst_ni,
    .start_i(start),
    .clear_i(clear),
    .count_i(count),
    .watchdog_i(watchdog),
    .counter_select_i(counter_select),
    .counter_value_o(counter_value),
    .running_o(running),
    .enable_o(enable),
    .done_o(done),
    .error_o(error),
    .error_index_o(error_index),
    .head_valid_i(head_valid),
    .head_i(head),
    .head_error_i(head_error),
    .take_o(take),
    .fetch_quiet_i(fetch_quiet),
    .ready_i(unit_ready),
    .end_i(unit_end),
    .fault_i(unit_fault),
    .bus_error_i(unit_bus_error),
    .start_o(unit_start),
    .instruction_o(instruction),
    .streaming_i(streaming),
    .holding_i(holding),
    .read_beat_i(axi_rvalid_i),
    .write_beat_i(axi_wvalid_o && axi_wready_i),
    .other_transfer_i((axi_arvalid_o && axi_arready_i) || (axi_awvalid_o && axi_awready_i) ||
                      axi_bvalid_i),
    .trace_o
  );

  zahl_fetch u_fetch (
    .clk_i,
    .rst_ni,
    .start_i          (start),
    .program_i        (program_address),
    .count_i          (count),
    .enable_i         (enable),
    .request_valid_o  (fetch_valid),
    .request_ready_i  (fetch_ready),
    .request_address_o(fetch_address),
    .request_beats_o  (fetch_beats),
    .beat_valid_i     (fetch_beat),
    .beat_data_i      (axi_rdata_i),
    .beat_error_i     (beat_error),
    .beat_last_i      (axi_rlast_i),
    .head_valid_o     (head_valid),
    .head_o           (head),
    .head_error_o     (head_error),
    .take_i           (take),
    .quiet_o          (fetch_quiet)
  );

  // Units.
  read_request_t store_read, source_read, weights_read, a_read, b_read;
  logic [LineBytes*8-1:0] store_data, source_data, weights_data, a_data, b_data;
  logic store_fault, source_fault, weights_fault, a_fault, b_fault;
  write_request_t load_write, post_write;
  logic load_write_fault, post_write_fault;
  accumulator_request_t array_read, array_write, post_read;
  logic [Columns*32-1:0] array_data, array_write_data, post_data;
  logic array_read_fault, array_write_fault, post_fault;

  zahl_load u_load (
    .clk_i,
    .rst_ni,
    .start_i          (unit_start[UnitLoad]),
    .instruction_i    (instruction[UnitLoad]),
    .ready_o          (unit_ready[UnitLoad]),
    .end_o            (unit_end[UnitLoad]),
    .fault_o          (unit_fault[UnitLoad]),
    .bus_error_o      (unit_bus_error[UnitLoad]),
    .request_valid_o  (load_valid),
    .request_ready_i  (load_ready),
    .request_address_o(load_address),
    .request_beats_o  (load_beats),
    .beat_valid_i     (load_beat),
    .beat_data_i      (axi_rdata_i),
    .beat_error_i     (beat_error),
    .beat_last_i      (axi_rlast_i),
    .write_o          (load_write),
    .write_fault_i    (load_write_fault)
  );

  zahl_store u_store (
    .clk_i,
    .rst_ni,
    .start_i         (unit_start[UnitStore]),
    .instruction_i   (instruction[UnitStore]),
    .ready_o         (unit_ready[UnitStore]),
    .end_o           (unit_end[UnitStore]),
    .fault_o         (unit_fault[UnitStore]),
    .bus_error_o     (unit_bus_error[UnitStore]),
    .read_o          (store_read),
    .read_data_i     (store_data),
    .read_fault_i    (store_fault),
    .axi_awvalid_o,
    .axi_awready_i,
    .axi_awid_o,
    .axi_awaddr_o,
    .axi_awlen_o,
    .axi_awsize_o,
    .axi_awburst_o,
    .axi_wvalid_o,
    .axi_wready_i,
    .axi_wdata_o,
    .axi_wstrb_o,
    .axi_wlast_o,
    .response_valid_i(axi_bvalid_i),
    .response_error_i(axi_bresp_i[1])
  );

  zahl_array u_array (
    .clk_i,
    .rst_ni,
    .start_i                  (unit_start[UnitArray]),
    .instruction_i            (instruction[UnitArray]),
    .ready_o                  (unit_ready[UnitArray]),
    .end_o                    (unit_end[UnitArray]),
    .fault_o                  (unit_fault[UnitArray]),
    .streaming_o              (streaming),
    .holding_o                (holding),
    .source_read_o            (source_read),
    .source_data_i            (source_data),
    .source_fault_i           (source_fault),
    .weights_read_o           (weights_read),
    .weights_data_i           (weights_data),
    .weights_fault_i          (weights_fault),
    .accumulator_read_o       (array_read),
    .accumulator_data_i       (array_data),
    .accumulator_read_fault_i (array_read_fault),
    .accumulator_write_o      (array_write),
    .accumulator_write_data_o (array_write_data),
    .accumulator_write_fault_i(array_write_fault)
  );
  assign unit_bus_error[UnitArray] = 1'b0;

  zahl_post u_post (
    .clk_i,
    .rst_ni,
    .start_i            (unit_start[UnitPost]),
    .instruction_i      (instruction[UnitPost]),
    .ready_o            (unit_ready[UnitPost]),
    .end_o              (unit_end[UnitPost]),
    .fault_o            (unit_fault[UnitPost]),
    .a_read_o           (a_read),
    .a_data_i           (a_data),
    .a_fault_i          (a_fault),
    .b_read_o           (b_read),
    .b_data_i           (b_data),
    .b_fault_i          (b_fault),
    .write_o            (post_write),
    .write_fault_i      (post_write_fault),
    .accumulator_read_o (post_read),
    .accumulator_data_i (post_data),
    .accumulator_fault_i(post_fault)
  );
  assign unit_bus_error[UnitPost] = 1'b0;

  // Memories.
  zahl_scratchpad u_scratchpad (
    .clk_i,
    .rst_ni,
    .store_read_i      (store_read),
    .store_data_o      (store_data),
    .store_fault_o     (store_fault),
    .source_read_i     (source_read),
    .source_data_o     (source_data),
    .source_fault_o    (source_fault),
    .weights_read_i    (weights_read),
    .weights_data_o    (weights_data),
    .weights_fault_o   (weights_fault),
    .a_read_i          (a_read),
    .a_data_o          (a_data),
    .a_fault_o         (a_fault),
    .b_read_i          (b_read),
    .b_data_o          (b_data),
    .b_fault_o         (b_fault),
    .load_write_i      (load_write),
    .load_write_fault_o(load_write_fault),
    .post_write_i      (post_write),
    .post_write_fault_o(post_write_fault)
  );

  zahl_accumulators u_accumulators (
    .clk_i,
    .rst_ni,
    .array_read_i       (array_read),
    .array_data_o       (array_data),
    .array_read_fault_o (array_read_fault),
    .array_write_i      (array_write),
    .array_write_data_i (array_write_data),
    .array_write_fault_o(array_write_fault),
    .post_read_i        (post_read),
    .post_data_o        (post_data),
    .post_fault_o       (post_fault)
  );

  logic unused_fields;
  assign unused_fields = ^{axi_bid_i, axi_bresp_i[0], axi_rresp_i[0]};

  // verilog_format: off  // an assertion is cut where its sentence is

  // Accesses that meet in one cycle carry claims that conflict: an error in the next cycle.
  `ZAHL_ASSERT(a_accumulator_reads_do_not_meet,
               array_read.valid && post_read.valid && (array_read.banks & post_read.banks) != '0 |=>
               error != ErrorNone)
  `ZAHL_ASSERT(a_accumulator_write_does_not_meet_a_read,
               array_write.valid && post_read.valid &&
               (array_write.banks & post_read.banks) != '0 |=> error != ErrorNone)
  `ZAHL_ASSERT(a_scratchpad_writes_do_not_meet,
               load_write.valid && post_write.valid &&
               (load_write.banks & post_write.banks) != '0 |=> error != ErrorNone)
  `ZAHL_ASSERT(a_store_and_array_reads_do_not_meet,
               store_read.valid && ((source_read.valid &&
               (store_read.banks & source_read.banks) != '0) || (weights_read.valid &&
               (store_read.banks & weights_read.banks) != '0)) |=> error != ErrorNone)
  `ZAHL_ASSERT(a_store_and_post_reads_do_not_meet,
               store_read.valid && ((a_read.valid && (store_read.banks & a_read.banks) != '0) ||
               (b_read.valid && (store_read.banks & b_read.banks) != '0)) |=> error != ErrorNone)
  `ZAHL_ASSERT(a_array_and_post_reads_do_not_meet,
               (source_read.valid && a_read.valid && (source_read.banks & a_read.banks) != '0) ||
               (weights_read.valid && b_read.valid && (weights_read.banks & b_read.banks) != '0) |=>
               error != ErrorNone)

  `ZAHL_ASSERT(a_response_has_the_id_of_stores, axi_bvalid_i |-> axi_bid_i == 1'b0)
  `ZAHL_ASSERT(a_read_address_stays_until_taken,
               axi_arvalid_o && !axi_arready_i |=>
               axi_arvalid_o && $stable({axi_arid_o, axi_araddr_o, axi_arlen_o}))
  `ZAHL_ASSERT(a_write_address_stays_until_taken,
               axi_awvalid_o && !axi_awready_i |=>
               axi_awvalid_o && $stable({axi_awaddr_o, axi_awlen_o}))
  `ZAHL_ASSERT(a_write_data_stays_until_taken,
               axi_wvalid_o && !axi_wready_i |=>
               axi_wvalid_o && $stable({axi_wdata_o, axi_wstrb_o, axi_wlast_o}))
  `ZAHL_ASSERT(a_interrupt_only_when_stopped, irq_o |-> !running)
endmodule
