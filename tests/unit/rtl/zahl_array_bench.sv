// Test only: the array with its memories, every request as plain ports. The test's own accesses
// claim all banks.
module zahl_array_bench
  import zahl_pkg::*;
  import zahl_base_pkg::*;
(
  input  logic                              clk_i,
  input  logic                              rst_ni,
  input  logic                              start_i,
  input  logic        [InstructionBits-1:0] instruction_i,
  output logic                              ready_o,
  output logic                              end_o,
  output logic                              fault_o,
  output logic                              streaming_o,
  output logic                              holding_o,
  input  logic        [                1:0] write_valid_i,
  input  logic        [               24:0] write_address_0_i,
  input  logic        [      LineBytes-1:0] write_strobe_0_i,
  input  logic        [    LineBytes*8-1:0] write_data_0_i,
  input  logic        [               24:0] write_address_1_i,
  input  logic        [      LineBytes-1:0] write_strobe_1_i,
  input  logic        [    LineBytes*8-1:0] write_data_1_i,
  output logic        [                1:0] write_fault_o,
  input  logic                              read_valid_i,
  input  logic signed [               24:0] read_address_i,
  input  logic        [                6:0] read_first_i,
  input  logic        [                6:0] read_last_i,
  input  logic        [               31:0] read_banks_i,
  output logic        [                2:0] read_fault_o,
  output logic        [    LineBytes*8-1:0] store_data_o,
  output logic        [    LineBytes*8-1:0] a_data_o,
  output logic        [    LineBytes*8-1:0] b_data_o,
  input  logic        [                1:0] read_port_i,
  input  logic                              accumulator_valid_i,
  input  logic        [               12:0] accumulator_index_i,
  output logic        [     Columns*32-1:0] accumulator_data_o,
  output logic                              accumulator_fault_o
);
  read_request_t source_read, weights_read, test_read;
  logic [LineBytes*8-1:0] source_data, weights_data;
  logic source_fault, weights_fault;
  accumulator_request_t array_read, array_write;
  logic [Columns*32-1:0] array_data, array_write_data;
  logic array_read_fault, array_write_fault;
  assign test_read = '{
          valid: read_valid_i,
          address: read_address_i,
          first: read_first_i,
          last: read_last_i,
          banks: read_banks_i
      };

  zahl_array u_array (
    .clk_i,
    .rst_ni,
    .start_i,
    .instruction_i,
    .ready_o,
    .end_o,
    .fault_o,
    .streaming_o,
    .holding_o,
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

  zahl_scratchpad u_scratchpad (
    .clk_i,
    .rst_ni,
    .store_read_i(read_port_i == 2'd0 ? test_read : '0),
    .store_data_o,
    .store_fault_o(read_fault_o[0]),
    .source_read_i(source_read),
    .source_data_o(source_data),
    .source_fault_o(source_fault),
    .weights_read_i(weights_read),
    .weights_data_o(weights_data),
    .weights_fault_o(weights_fault),
    .a_read_i(read_port_i == 2'd1 ? test_read : '0),
    .a_data_o,
    .a_fault_o(read_fault_o[1]),
    .b_read_i(read_port_i == 2'd2 ? test_read : '0),
    .b_data_o,
    .b_fault_o(read_fault_o[2]),
    .load_write_i(
    '{
        valid: write_valid_i[0],
        address: write_address_0_i,
        strobe: write_strobe_0_i,
        data: write_data_0_i,
        banks: '1
    }
    ),
    .load_write_fault_o(write_fault_o[0]),
    .post_write_i(
    '{
        valid: write_valid_i[1],
        address: write_address_1_i,
        strobe: write_strobe_1_i,
        data: write_data_1_i,
        banks: '1
    }
    ),
    .post_write_fault_o(write_fault_o[1])
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
    .post_read_i        ('{valid: accumulator_valid_i, index: accumulator_index_i, banks: '1}),
    .post_data_o        (accumulator_data_o),
    .post_fault_o       (accumulator_fault_o)
  );
endmodule
