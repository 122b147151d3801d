// The post unit between a scratchpad and accumulators, for post_bench.cpp: the bench fills and
// reads the memories through their other ports, a line or a vector a cycle.
module zahl_post_bench
  import zahl_pkg::*;
  import zahl_base_pkg::*;
(
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       start_i,
  input  logic [InstructionBits-1:0] instruction_i,
  output logic                       ready_o,
  output logic                       end_o,
  output logic                       fault_o,
  input  logic                       fill_i,
  input  logic [               23:0] fill_address_i,
  input  logic [    LineBytes*8-1:0] fill_data_i,
  input  logic                       peek_i,
  input  logic [               23:0] peek_address_i,
  output logic [    LineBytes*8-1:0] peek_data_o,
  input  logic                       accumulator_fill_i,
  input  logic [               12:0] accumulator_index_i,
  input  logic [     Columns*32-1:0] accumulator_data_i
);
  read_request_t peek, a_read, b_read;
  write_request_t fill, post_write;
  accumulator_request_t accumulator_fill, accumulator_read;
  logic [LineBytes*8-1:0] a_data, b_data;
  logic [Columns*32-1:0] accumulator_data;
  logic a_fault, b_fault, write_fault, accumulator_fault;

  assign peek = '{
          valid: peek_i,
          address: {1'b0, peek_address_i},
          first: '0,
          last: 7'(LineBytes - 1),
          banks: '1
      };
  assign fill = '{
          valid: fill_i,
          address: {1'b0, fill_address_i},
          strobe: '1,
          data: fill_data_i,
          banks: '1
      };
  assign accumulator_fill = '{valid: accumulator_fill_i, index: accumulator_index_i, banks: '1};

  zahl_scratchpad u_scratchpad (
    .clk_i,
    .rst_ni,
    .store_read_i      (peek),
    .store_data_o      (peek_data_o),
    .store_fault_o     (),
    .source_read_i     ('0),
    .source_data_o     (),
    .source_fault_o    (),
    .weights_read_i    ('0),
    .weights_data_o    (),
    .weights_fault_o   (),
    .a_read_i          (a_read),
    .a_data_o          (a_data),
    .a_fault_o         (a_fault),
    .b_read_i          (b_read),
    .b_data_o          (b_data),
    .b_fault_o         (b_fault),
    .load_write_i      (fill),
    .load_write_fault_o(),
    .post_write_i      (post_write),
    .post_write_fault_o(write_fault)
  );

  zahl_accumulators u_accumulators (
    .clk_i,
    .rst_ni,
    .array_read_i       ('0),
    .array_data_o       (),
    .array_read_fault_o (),
    .array_write_i      (accumulator_fill),
    .array_write_data_i (accumulator_data_i),
    .array_write_fault_o(),
    .post_read_i        (accumulator_read),
    .post_data_o        (accumulator_data),
    .post_fault_o       (accumulator_fault)
  );

  zahl_post u_post (
    .clk_i,
    .rst_ni,
    .start_i,
    .instruction_i,
    .ready_o,
    .end_o,
    .fault_o,
    .a_read_o           (a_read),
    .a_data_i           (a_data),
    .a_fault_i          (a_fault),
    .b_read_o           (b_read),
    .b_data_i           (b_data),
    .b_fault_i          (b_fault),
    .write_o            (post_write),
    .write_fault_i      (write_fault),
    .accumulator_read_o (accumulator_read),
    .accumulator_data_i (accumulator_data),
    .accumulator_fault_i(accumulator_fault)
  );
endmodule
