`include "rtl/base/zahl_assert.svh"

// The sequence of an eltwise: rows * ceil(row_bytes / Columns) steps, one a cycle from the cycle
// after `start_i` on. Each reads up to Columns bytes of a and of b, and `issue_o` says where the
// result of this cycle's reads goes.
//
// REQUIRES (a_start_only_when_done): start_i only when no step is left.
module zahl_eltwise
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_post_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic                                start_i,
  input  logic          [InstructionBits-1:0] instruction_i,
  output read_request_t                       a_read_o,
  output read_request_t                       b_read_o,
  output issue_t                              issue_o
);
  // Fields for the lanes and for dispatch are of no interest here.
  /* verilator lint_off UNUSEDSIGNAL */
  eltwise_t eltwise_q, eltwise_new;
  /* verilator lint_on UNUSEDSIGNAL */
  assign eltwise_new = eltwise_t'(instruction_i);

  logic active_q;
  eltwise_rows_t rows_left_q;
  eltwise_row_bytes_t offset_q;  // in the row
  eltwise_row_bytes_t left_q;  // bytes left in the row, minus 1
  address_t a_row_q, b_row_q, result_row_q;

  logic last_of_row;
  logic [6:0] bytes;
  assign last_of_row = left_q < 18'(Columns);
  assign bytes = last_of_row ? left_q[6:0] + 7'd1 : 7'(Columns);

  always_comb begin
    a_read_o = '0;
    b_read_o = '0;
    issue_o = '0;
    if (active_q) begin
      a_read_o = read(a_row_q + address_t'(offset_q), bytes, eltwise_q.read_banks);
      b_read_o = read(b_row_q + address_t'(offset_q), bytes, eltwise_q.read_banks);
      issue_o = issue(result_row_q + address_t'(offset_q), bytes, last_of_row && rows_left_q == '0);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) active_q <= 1'b0;
    else if (start_i) active_q <= 1'b1;
    else if (last_of_row && rows_left_q == '0) active_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      eltwise_q <= eltwise_new;
      rows_left_q <= eltwise_new.rows;
      offset_q <= '0;
      left_q <= eltwise_new.row_bytes;
      a_row_q <= address_t'(eltwise_new.a);
      b_row_q <= address_t'(eltwise_new.b);
      result_row_q <= address_t'(eltwise_new.result);
    end else if (active_q) begin
      if (last_of_row) begin
        rows_left_q <= rows_left_q - 14'd1;
        offset_q <= '0;
        left_q <= eltwise_q.row_bytes;
        a_row_q <= a_row_q + address_t'(eltwise_q.a_step);
        b_row_q <= b_row_q + address_t'(eltwise_q.b_step);
        result_row_q <= result_row_q + address_t'(eltwise_q.result_step);
      end else begin
        offset_q <= offset_q + 18'(Columns);
        left_q <= left_q - 18'(Columns);
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_done, start_i |-> !active_q)
  `ZAHL_ASSERT(a_step_reads_both,
               a_read_o.valid == b_read_o.valid && a_read_o.valid == issue_o.valid)
  `ZAHL_ASSERT(a_step_has_bytes,
               issue_o.valid |-> issue_o.bytes != '0 && issue_o.bytes <= 7'(Columns))
  `ZAHL_ASSERT(a_offset_within_the_row, active_q |-> offset_q + left_q == eltwise_q.row_bytes)
  `ZAHL_ASSERT(a_last_ends, issue_o.last |=> !active_q)
endmodule
