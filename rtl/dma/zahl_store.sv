`include "rtl/base/zahl_assert.svh"

// Copies rows of bytes from the scratchpad to DRAM (docs/machine.md, section 6).
//
// Started in cycle s, its first burst begins at s + 1 at the earliest and reads one beat's bytes a
// cycle; beat k of a burst begun in cycle c is on the write data channel at c + k +
// StoreReadCycles, the address at c + StoreReadCycles. A memory that is not ready fills two short
// queues, and no beat is read without a free place in them. end_o is given with the last response,
// fault_o and bus_error_o belong to the instruction whose end_o was given one cycle ago.
//
// REQUIRES (a_start_only_when_ready): start_i only while ready_o.
// REQUIRES (a_response_only_of_a_burst, a_response_only_after_the_last_beat): one response for each
// burst, after its last beat.
module zahl_store
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_dma_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic                                start_i,
  input  logic          [InstructionBits-1:0] instruction_i,
  output logic                                ready_o,
  output logic                                end_o,             // cycle e - 1
  output logic                                fault_o,           // cycle e
  output logic                                bus_error_o,       // cycle e
  output read_request_t                       read_o,
  input  logic          [    LineBytes*8-1:0] read_data_i,
  input  logic                                read_fault_i,      // a cycle later
  output logic                                axi_awvalid_o,
  input  logic                                axi_awready_i,
  output logic          [                0:0] axi_awid_o,
  output logic          [               39:0] axi_awaddr_o,
  output logic          [                7:0] axi_awlen_o,
  output logic          [                2:0] axi_awsize_o,
  output logic          [                1:0] axi_awburst_o,
  output logic                                axi_wvalid_o,
  input  logic                                axi_wready_i,
  output logic          [     BusBytes*8-1:0] axi_wdata_o,
  output logic          [       BusBytes-1:0] axi_wstrb_o,
  output logic                                axi_wlast_o,
  input  logic                                response_valid_i,  // B channel, always taken
  input  logic                                response_error_i
);
  localparam int unsigned CountBits = $clog2(DmaInstructions) + 1;
  localparam int unsigned BurstCountBits = $clog2(StoreBursts) + 1;
  localparam int unsigned Places =
      4;  // of each queue to the memory; three are in use when it is always ready

  load_t instruction;
  assign instruction = load_t'(instruction_i);

  // Cycle c + k: read beat k of the burst.
  burst_t burst;
  logic burst_valid, begins, read, ends_burst;
  common_read_banks_t banks_q;
  logic [8:0] beat_q;
  logic signed [24:0] beat_address_q;
  logic [CountBits-1:0] flying_q;
  logic [BurstCountBits-1:0] outstanding;
  logic [2:0] beats_held_q, addresses_held_q;  // read, but not taken by the memory

  zahl_bursts u_bursts (
    .clk_i,
    .rst_ni,
    .start_i,
    .instruction_i(instruction),
    .advance_i    (read && ends_burst),
    .valid_o      (burst_valid),
    .burst_o      (burst)
  );

  assign ready_o = !burst_valid && flying_q < CountBits'(DmaInstructions);
  assign begins = beat_q == '0;
  assign ends_burst = beat_q == burst.beats - 1'b1;
  assign read = burst_valid && beats_held_q < 3'(Places) &&
      (!begins || (outstanding < BurstCountBits'(StoreBursts) && addresses_held_q < 3'(Places)));

  assign read_o.valid = read;
  assign read_o.address = begins ? burst.scratchpad : beat_address_q;
  assign read_o.first = begins ? 7'(burst.first) : '0;
  assign read_o.last = ends_burst ? 7'(burst.last) : 7'(BusBytes - 1);
  assign read_o.banks = banks_q;

  logic address_taken, beat_taken;
  assign address_taken = axi_awvalid_o && axi_awready_i;
  assign beat_taken = axi_wvalid_o && axi_wready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_q <= '0;
      flying_q <= '0;
      beats_held_q <= '0;
      addresses_held_q <= '0;
    end else begin
      if (read) beat_q <= ends_burst ? '0 : beat_q + 1'b1;
      flying_q <= flying_q + CountBits'(start_i) - CountBits'(end_o);
      beats_held_q <= beats_held_q + 3'(read) - 3'(beat_taken);
      addresses_held_q <= addresses_held_q + 3'(read && begins) - 3'(address_taken);
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) banks_q <= instruction.read_banks;
    if (read) beat_address_q <= read_o.address + 25'(BusBytes);
  end

  // Cycle c + k + 1: the bytes arrive.
  typedef struct packed {
    logic [39:0] address;
    logic [7:0] length;
  } write_address_t;
  typedef struct packed {
    logic [BusBytes*8-1:0] data;
    logic [BusBytes-1:0] strobe;
    logic last;
  } write_beat_t;

  logic arrives_q, begins_q, ends_instruction_q;
  write_address_t address_q, address_head;
  write_beat_t beat, beat_head;
  logic [BusBytes-1:0] strobe_q;
  logic last_q;
  logic [2:0] address_count, beat_count;

  assign beat = '{data: read_data_i[BusBytes*8-1:0], strobe: strobe_q, last: last_q};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) arrives_q <= 1'b0;
    else arrives_q <= read;
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      begins_q <= begins;
      last_q <= ends_burst;
      ends_instruction_q <= ends_burst && burst.ends_instruction;
      address_q <= '{address: burst.address, length: 8'(burst.beats - 1'b1)};
      strobe_q <= ({BusBytes{1'b1}} << bus_offset_t'(read_o.first)) &
          ({BusBytes{1'b1}} >> ~bus_offset_t'(read_o.last));
    end
  end

  zahl_fifo #(
    .Width($bits(write_address_t)),
    .Depth(Places)
  ) u_addresses (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (arrives_q && begins_q),
    .data_i (address_q),
    .pop_i  (address_taken),
    .head_o (address_head),
    .count_o(address_count)
  );
  zahl_fifo #(
    .Width($bits(write_beat_t)),
    .Depth(Places)
  ) u_beats (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (arrives_q),
    .data_i (beat),
    .pop_i  (beat_taken),
    .head_o (beat_head),
    .count_o(beat_count)
  );

  // Cycle c + k + 2: address and data channel.
  assign axi_awvalid_o = address_count != '0;
  assign axi_awid_o = '0;
  assign axi_awaddr_o = address_head.address;
  assign axi_awlen_o = address_head.length;
  assign axi_awsize_o = 3'($clog2(BusBytes));
  assign axi_awburst_o = 2'b01;
  assign axi_wvalid_o = beat_count != '0;
  assign axi_wdata_o = beat_head.data;
  assign axi_wstrb_o = beat_head.strobe;
  assign axi_wlast_o = beat_head.last;

  // Responses come in the order of the bursts.
  logic response_ends_instruction;
  zahl_fifo #(
    .Width(1),
    .Depth(StoreBursts)
  ) u_bursts_out (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (read && begins),
    .data_i (burst.ends_instruction),
    .pop_i  (response_valid_i),
    .head_o (response_ends_instruction),
    .count_o(outstanding)
  );
  assign end_o = response_valid_i && response_ends_instruction;

  // Faults: gathered over the reads of an instruction, kept until its last response.
  logic read_fault, fault_q, fault_head, end_fault_q, gathered_bus_error_q, bus_error_q;
  logic [CountBits-1:0] fault_count;
  assign read_fault = fault_q || read_fault_i;

  zahl_fifo #(
    .Width(1),
    .Depth(DmaInstructions)
  ) u_faults (
    .clk_i,
    .rst_ni,
    .clear_i(1'b0),
    .push_i (arrives_q && ends_instruction_q),
    .data_i (read_fault),
    .pop_i  (end_o),
    .head_o (fault_head),
    .count_o(fault_count)
  );
  assign fault_o = end_fault_q;
  assign bus_error_o = bus_error_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fault_q <= 1'b0;
      end_fault_q <= 1'b0;
      gathered_bus_error_q <= 1'b0;
      bus_error_q <= 1'b0;
    end else begin
      if (arrives_q) fault_q <= read_fault && !ends_instruction_q;
      if (response_valid_i) begin
        end_fault_q <= fault_head;
        bus_error_q <= gathered_bus_error_q || response_error_i;
        gathered_bus_error_q <= !end_o && (gathered_bus_error_q || response_error_i);
      end
    end
  end

  logic unused_fields;
  assign unused_fields = ^{instruction, fault_count};

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_ready, start_i |-> ready_o)
  `ZAHL_ASSERT(a_response_only_of_a_burst, response_valid_i |-> outstanding != '0)
  `ZAHL_ASSERT(a_response_only_after_the_last_beat, end_o |-> fault_count != '0)
  `ZAHL_ASSERT(a_address_stays_until_taken,
               axi_awvalid_o && !axi_awready_i |=>
               axi_awvalid_o && $stable({axi_awaddr_o, axi_awlen_o}))
  `ZAHL_ASSERT(a_beat_stays_until_taken,
               axi_wvalid_o && !axi_wready_i |=>
               axi_wvalid_o && $stable({axi_wdata_o, axi_wstrb_o, axi_wlast_o}))
  `ZAHL_ASSERT(a_burst_within_a_page,
               axi_awvalid_o |->
               32'(axi_awaddr_o[11:0]) + (32'(axi_awlen_o) + 1) * BusBytes <= 4096)
  `ZAHL_ASSERT(a_beat_has_bytes, axi_wvalid_o |-> axi_wstrb_o != '0)
  `ZAHL_ASSERT(a_beat_within_its_burst, burst_valid |-> beat_q < burst.beats)
  `ZAHL_ASSERT(a_burst_is_read_to_its_end, beat_q != '0 |-> burst_valid)
  `ZAHL_ASSERT(a_beats_within_their_places,
               beats_held_q <= 3'(Places) && beat_count <= beats_held_q)
  `ZAHL_ASSERT(a_addresses_within_their_places,
               addresses_held_q <= 3'(Places) && address_count <= addresses_held_q)
  `ZAHL_ASSERT(a_bursts_within_limit, outstanding <= BurstCountBits'(StoreBursts))
  `ZAHL_ASSERT(a_instructions_within_limit, flying_q <= CountBits'(DmaInstructions))
  `ZAHL_ASSERT(a_end_only_in_flight, end_o |-> flying_q != '0)
  `ZAHL_ASSERT(a_fault_only_of_a_read, read_fault_i |-> arrives_q)
endmodule
