`include "rtl/base/zahl_assert.svh"

// The sequence of a drain: per block the channel parameters, then out_rows * out_columns
// accumulator vectors, one request a cycle from the cycle after `start_i` on. `line_valid_o` with
// `line_index_o` announces the parameter line that the read port answers in this cycle; `issue_o`
// goes with the accumulator request of this cycle.
//
// REQUIRES (a_start_only_when_done): start_i only when no vector is left.
module zahl_drain
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_post_pkg::*;
(
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       start_i,
  input  logic                 [InstructionBits-1:0] instruction_i,
  output read_request_t                              read_o,
  output logic                                       line_valid_o,
  output logic                 [                3:0] line_index_o,
  output accumulator_request_t                       accumulator_read_o,
  output issue_t                                     issue_o
);
  localparam int unsigned WordLines = (4 * Columns + LineBytes - 1) / LineBytes;
  localparam int unsigned ByteLines = (Columns + LineBytes - 1) / LineBytes;

  // Fields for the other stages and for dispatch are of no interest here.
  /* verilator lint_off UNUSEDSIGNAL */
  drain_t drain_q, drain_new;
  /* verilator lint_on UNUSEDSIGNAL */
  assign drain_new = drain_t'(instruction_i);

  logic active_q, in_parameters_q;
  logic line_valid_q;
  logic [3:0] line_q, answered_line_q;
  address_t line_address_q;
  logic [28:0] index_q;  // of the accumulator vector: up to 2^28 vectors from a 12-bit start
  drain_blocks_t blocks_left_q;
  drain_out_rows_t rows_left_q;
  drain_out_columns_t columns_left_q;
  address_t block_address_q, row_address_q, pixel_address_q;

  logic last_line, last_pixel, last_of_block, last;
  assign last_line = line_q ==
      (drain_q.uniform ? 4'(WordLines - 1) : 4'(2 * WordLines + ByteLines - 1));
  assign last_pixel = columns_left_q == '0;
  assign last_of_block = last_pixel && rows_left_q == '0;
  assign last = last_of_block && blocks_left_q == '0;

  logic in_vectors;
  assign in_vectors = active_q && !in_parameters_q;

  always_comb begin
    read_o = '0;
    accumulator_read_o = '0;
    issue_o = '0;
    if (active_q && in_parameters_q)
      read_o = read(line_address_q, 7'(LineBytes), drain_q.read_banks);
    if (in_vectors) begin
      accumulator_read_o = '{
          valid: 1'b1,
          index: index_q[12:0],
          banks: index_q[28:13] == '0 ? drain_q.accumulator_banks : '0
      };
      issue_o = issue(pixel_address_q,
                      blocks_left_q == '0 ? drain_q.last_channels + 7'd1 : 7'(Columns), last);
    end
  end
  assign line_valid_o = line_valid_q;
  assign line_index_o = answered_line_q;

  address_t next_row, next_block;
  assign next_row = row_address_q + address_t'(drain_q.row_step);
  assign next_block = block_address_q + address_t'(drain_q.block_step);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      in_parameters_q <= 1'b0;
      line_valid_q <= 1'b0;
    end else begin
      line_valid_q <= active_q && in_parameters_q;
      if (start_i) begin
        active_q <= 1'b1;
        in_parameters_q <= 1'b1;
      end else if (active_q) begin
        if (in_parameters_q) in_parameters_q <= !last_line;
        else in_parameters_q <= last_of_block;
        if (in_vectors && last) active_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      drain_q <= drain_new;
      line_q <= '0;
      line_address_q <= address_t'(drain_new.params);
      index_q <= 29'(drain_new.accumulator);
      blocks_left_q <= drain_new.blocks;
      rows_left_q <= drain_new.out_rows;
      columns_left_q <= drain_new.out_columns;
      block_address_q <= address_t'(drain_new.result);
      row_address_q <= address_t'(drain_new.result);
      pixel_address_q <= address_t'(drain_new.result);
    end else if (active_q && in_parameters_q) begin
      answered_line_q <= line_q;
      line_q <= last_line ? '0 : line_q + 4'd1;
      line_address_q <= line_address_q + address_t'(LineBytes);
    end else if (active_q) begin
      index_q <= index_q + 29'd1;
      if (!last_pixel) begin
        columns_left_q <= columns_left_q - 10'd1;
        pixel_address_q <= pixel_address_q + address_t'(drain_q.pixel_step);
      end else begin
        columns_left_q <= drain_q.out_columns;
        rows_left_q <= last_of_block ? drain_q.out_rows : rows_left_q - 10'd1;
        blocks_left_q <= blocks_left_q - (last_of_block ? 8'd1 : 8'd0);
        if (last_of_block) block_address_q <= next_block;
        row_address_q <= last_of_block ? next_block : next_row;
        pixel_address_q <= last_of_block ? next_block : next_row;
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_done, start_i |-> !active_q)
  `ZAHL_ASSERT(a_parameters_or_vectors, !(read_o.valid && accumulator_read_o.valid))
  `ZAHL_ASSERT(a_each_vector_is_issued, issue_o.valid == accumulator_read_o.valid)
  `ZAHL_ASSERT(a_vector_has_channels,
               issue_o.valid |-> issue_o.bytes != '0 && issue_o.bytes <= 7'(Columns))
  `ZAHL_ASSERT(a_line_within_the_parameters,
               active_q && in_parameters_q |-> 32'(line_q) < 2 * WordLines + ByteLines)
  `ZAHL_ASSERT(a_last_ends, issue_o.last |=> !active_q)
endmodule
