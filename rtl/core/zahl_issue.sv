// The queue of one unit, and the start of the instruction at its head (docs/machine.md, section 5).
//
// An instruction pushed in cycle t can start from t + 1 on. It starts in a cycle in which the unit
// is ready, all its waits are met by the tokens that are visible, and starts are enabled. full_o
// depends on registers alone: a place is free again in the cycle after the start.
module zahl_issue
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,
  input  logic                         push_i,
  input  logic   [InstructionBits-1:0] instruction_i,
  input  index_t                       index_i,
  output logic                         full_o,
  input  token_t [      UnitCount-1:0] done_i,
  input  logic                         enable_i,       // running and no error visible
  input  logic                         ready_i,
  output logic                         start_o,
  output logic   [InstructionBits-1:0] instruction_o,
  output index_t                       index_o,
  output logic   [      UnitCount-1:0] waiting_o       // for the first unit whose token is missing
);
  localparam int unsigned CountBits = $clog2(QueueDepth) + 1;

  logic [CountBits-1:0] count;
  common_t head;
  logic [UnitCount-1:0] missing;

  zahl_fifo #(
    .Width(InstructionBits + $bits(index_t)),
    .Depth(QueueDepth)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .clear_i,
    .push_i,
    .data_i ({index_i, instruction_i}),
    .pop_i  (start_o),
    .head_o ({index_o, instruction_o}),
    .count_o(count)
  );

  assign head = common_t'(instruction_o);
  assign full_o = count == CountBits'(QueueDepth);

  always_comb begin
    missing = '0;
    if (count != '0) begin
      missing[UnitLoad] = done_i[UnitLoad] < head.wait_load;
      missing[UnitStore] = done_i[UnitStore] < head.wait_store;
      missing[UnitArray] = done_i[UnitArray] < head.wait_array;
      missing[UnitPost] = done_i[UnitPost] < head.wait_post;
    end
  end

  assign waiting_o = missing & -missing;  // lowest bit
  assign start_o = enable_i && ready_i && count != '0 && missing == '0;

  logic unused_fields;
  assign unused_fields = ^{head};

endmodule
