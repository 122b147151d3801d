`include "rtl/base/zahl_assert.svh"

// The accumulators: AccumulatorBanks banks, each used by the array or by post. Requests of cycle t
// are answered (data, fault) in t + 1; a vector written in t can be read in t + 1. After a fault
// the data is zero and nothing was written. When both clients read one bank in one cycle, the
// result is unspecified: ownership is checked elsewhere.
module zahl_accumulators
  import zahl_pkg::*;
  import zahl_base_pkg::*;
(
  input  logic                                  clk_i,
  input  logic                                  rst_ni,
  input  accumulator_request_t                  array_read_i,
  output logic                 [Columns*32-1:0] array_data_o,
  output logic                                  array_read_fault_o,
  input  accumulator_request_t                  array_write_i,
  input  logic                 [Columns*32-1:0] array_write_data_i,
  output logic                                  array_write_fault_o,
  input  accumulator_request_t                  post_read_i,
  output logic                 [Columns*32-1:0] post_data_o,
  output logic                                  post_fault_o
);
  localparam int unsigned IndexBits = $clog2(AccumulatorBankVectors);
  localparam int unsigned BankBits = $clog2(AccumulatorBanks);

  // In the order array read, array write, post read.
  localparam int unsigned Ports = 3;
  accumulator_request_t [Ports-1:0] request;
  assign request = {post_read_i, array_write_i, array_read_i};

  logic [Ports-1:0] fault, access;
  logic [Ports*BankBits-1:0] bank;
  for (genvar i = 0; i < Ports; i++) begin : gen_check
    logic [BankBits-1:0] bank_here;
    logic exists;
    assign bank_here = request[i].index[IndexBits+:BankBits];
    assign exists = (request[i].index >> (IndexBits + BankBits)) == '0;
    assign access[i] = request[i].valid && exists && request[i].banks[3'(bank_here)];
    assign fault[i] = request[i].valid && !access[i];
    assign bank[i*BankBits+:BankBits] = bank_here;
  end

  logic [Columns*32-1:0] bank_data[AccumulatorBanks];
  for (genvar b = 0; b < AccumulatorBanks; b++) begin : gen_bank
    zahl_accumulator_bank u_bank (
      .clk_i,
      .array_read_i      (access[0] && bank[0+:BankBits] == BankBits'(b)),
      .array_read_index_i(array_read_i.index[IndexBits-1:0]),
      .post_read_i       (access[2] && bank[2*BankBits+:BankBits] == BankBits'(b)),
      .post_read_index_i (post_read_i.index[IndexBits-1:0]),
      .data_o            (bank_data[b]),
      .write_i           (access[1] && bank[BankBits+:BankBits] == BankBits'(b)),
      .write_index_i     (array_write_i.index[IndexBits-1:0]),
      .write_data_i      (array_write_data_i)
    );
  end

  logic [Ports-1:0] fault_q;
  logic array_read_q, post_read_q;
  logic [BankBits-1:0] array_bank_q, post_bank_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fault_q <= '0;
      array_read_q <= 1'b0;
      post_read_q <= 1'b0;
    end else begin
      fault_q <= fault;
      array_read_q <= access[0];
      post_read_q <= access[2];
    end
  end
  always_ff @(posedge clk_i) begin
    if (access[0]) array_bank_q <= bank[0+:BankBits];
    if (access[2]) post_bank_q <= bank[2*BankBits+:BankBits];
  end

  assign {post_fault_o, array_write_fault_o, array_read_fault_o} = fault_q;
  always_comb begin
    array_data_o = '0;
    if (array_read_q) array_data_o = bank_data[array_bank_q];
  end
  always_comb begin
    post_data_o = '0;
    if (post_read_q) post_data_o = bank_data[post_bank_q];
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_array_read_is_answered, array_read_i.valid |=> array_read_q != array_read_fault_o)
  `ZAHL_ASSERT(a_post_read_is_answered, post_read_i.valid |=> post_read_q != post_fault_o)
  `ZAHL_ASSERT(a_array_fault_reads_zero, array_read_fault_o |-> array_data_o == '0)
  `ZAHL_ASSERT(a_post_fault_reads_zero, post_fault_o |-> post_data_o == '0)
  `ZAHL_ASSERT(a_fault_only_of_a_write, array_write_fault_o |-> $past(array_write_i.valid))
  for (genvar i = 0; i < Ports; i++) begin : gen_claimed
    `ZAHL_ASSERT(a_access_only_where_claimed,
                 access[i] |-> request[i].banks[3'(bank[i*BankBits+:BankBits])])
  end
endmodule
