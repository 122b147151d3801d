`include "rtl/base/zahl_assert.svh"

// Collects the faults of the instructions in flight, at most four: of each access, with the
// identity of the instruction that made it. start_i clears those of start_identity_i. fault_o
// belongs to ending_identity_i and includes this cycle's fault of its accumulator write.
//
// REQUIRES (a_new_identity_is_not_in_use): start_identity_i is that of no instruction in flight.
module zahl_array_faults (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       start_i,
  input  logic [1:0] start_identity_i,
  input  logic       weights_fault_i,
  input  logic [1:0] weights_identity_i,
  input  logic       overflow_i,
  input  logic [1:0] overflow_identity_i,
  input  logic       source_fault_i,
  input  logic [1:0] source_identity_i,
  input  logic       accumulator_read_fault_i,
  input  logic [1:0] accumulator_read_identity_i,
  input  logic       accumulator_write_fault_i,
  input  logic [1:0] ending_identity_i,
  output logic       fault_o
);
  logic [3:0] fault_d, fault_q;

  always_comb begin
    fault_d = fault_q;
    if (start_i) fault_d[start_identity_i] = 1'b0;
    if (weights_fault_i) fault_d[weights_identity_i] = 1'b1;
    if (overflow_i) fault_d[overflow_identity_i] = 1'b1;
    if (source_fault_i) fault_d[source_identity_i] = 1'b1;
    if (accumulator_read_fault_i) fault_d[accumulator_read_identity_i] = 1'b1;
    if (accumulator_write_fault_i) fault_d[ending_identity_i] = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fault_q <= '0;
    else fault_q <= fault_d;
  end

  assign fault_o = fault_q[ending_identity_i] || accumulator_write_fault_i;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_new_identity_is_not_in_use,
               start_i |->
               !(source_fault_i && source_identity_i == start_identity_i) && !(overflow_i &&
               overflow_identity_i == start_identity_i) && !(accumulator_read_fault_i &&
               accumulator_read_identity_i == start_identity_i))
  `ZAHL_ASSERT(a_start_is_without_fault, start_i |=> !fault_q[$past(start_identity_i)])
  `ZAHL_ASSERT(a_fault_of_the_last_write_counts, accumulator_write_fault_i |-> fault_o)
endmodule
