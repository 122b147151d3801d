`include "rtl/base/zahl_assert.svh"

// Walks through the tiles of an instruction: block, kernel row, kernel column, chunk (innermost).
// Started by start_i with tiles_i; from the next cycle on tile_o is the next tile to begin, until
// begin_i takes it. pending_o says that there is one.
//
// REQUIRES (a_start_only_when_none_is_pending): start_i only when no tile is left to begin.
// REQUIRES (a_begin_only_what_is_pending): begin_i only while pending_o.
module zahl_array_tiles
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         start_i,
  input  array_tiles_t tiles_i,
  input  logic         begin_i,
  output logic         pending_o,
  output array_tile_t  tile_o
);
  // The weights are walked through by zahl_array_weights.
  /* verilator lint_off UNUSEDSIGNAL */
  array_tiles_t tiles_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic pending_q, first_q, first_of_block_q;

  // Tiles that are left in each loop after the next one.
  conv_chunks_t chunks_q;
  conv_kernel_columns_t kernel_columns_q;
  conv_kernel_rows_t kernel_rows_q;
  conv_blocks_t blocks_q;

  // Start of the block and of the kernel row, and the offsets from there of the kernel column and
  // of the chunk.
  address_t block_q, kernel_row_q;
  position_t kernel_column_q, chunk_q;
  input_row_t y_q;
  place_t place_q;

  logic last;
  assign last = chunks_q == '0 && kernel_columns_q == '0 && kernel_rows_q == '0 && blocks_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) pending_q <= 1'b0;
    else if (start_i) pending_q <= 1'b1;
    else if (begin_i && last) pending_q <= 1'b0;
  end

  position_t next_kernel_column;
  address_t next_kernel_row, next_block;
  assign next_kernel_column = kernel_column_q + position_t'({1'b0, tiles_q.kernel_column_step});
  assign next_kernel_row = kernel_row_q + address_t'({1'b0, tiles_q.kernel_row_step});
  assign next_block = block_q + address_t'({1'b0, tiles_q.block_step});

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      tiles_q <= tiles_i;
      first_q <= 1'b1;
      first_of_block_q <= 1'b1;
      chunks_q <= tiles_i.chunks;
      kernel_columns_q <= tiles_i.kernel_columns;
      kernel_rows_q <= tiles_i.kernel_rows;
      blocks_q <= tiles_i.blocks;
      block_q <= address_t'(tiles_i.source);
      kernel_row_q <= address_t'(tiles_i.source);
      kernel_column_q <= '0;
      chunk_q <= '0;
      y_q <= input_row_t'(tiles_i.input_y);
      place_q <= {1'b0, tiles_i.line_base};
    end else if (begin_i) begin
      first_q <= 1'b0;
      first_of_block_q <= 1'b0;
      chunks_q <= chunks_q - 12'd1;
      chunk_q <= chunk_q + position_t'(Rows);
      if (chunks_q == '0) begin
        chunks_q <= tiles_q.chunks;
        kernel_columns_q <= kernel_columns_q - 6'd1;
        kernel_column_q <= next_kernel_column;
        chunk_q <= next_kernel_column;
        if (kernel_columns_q == '0) begin
          kernel_columns_q <= tiles_q.kernel_columns;
          kernel_column_q <= '0;
          chunk_q <= '0;
          kernel_rows_q <= kernel_rows_q - 6'd1;
          kernel_row_q <= next_kernel_row;
          y_q <= y_q + input_row_t'({1'b0, tiles_q.kernel_y_step});
          if (kernel_rows_q == '0) begin
            kernel_rows_q <= tiles_q.kernel_rows;
            blocks_q <= blocks_q - 8'd1;
            first_of_block_q <= 1'b1;
            block_q <= next_block;
            kernel_row_q <= next_block;
            y_q <= input_row_t'(tiles_q.input_y);
            place_q <= {place_q[12], 12'b0} | ({1'b0, place_q[11:0]} + {1'b0, tiles_q.line_step});
          end
        end
      end
    end
  end

  assign pending_o = pending_q;
  always_comb begin
    tile_o.address = kernel_row_q + address_t'(chunk_q);
    tile_o.x = position_t'(tiles_q.input_x) + chunk_q;
    tile_o.y = y_q;
    tile_o.accumulator = tiles_q.accumulator;
    tile_o.place = place_q;
    tile_o.first = first_q;
    tile_o.first_of_block = first_of_block_q;
    tile_o.last = last;
    tile_o.overwrite = first_of_block_q && !tiles_q.accumulate;
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_none_is_pending, start_i |-> !pending_q)
  `ZAHL_ASSERT(a_begin_only_what_is_pending, begin_i |-> pending_q)
  `ZAHL_ASSERT(a_tile_stays_until_it_begins, pending_q && !begin_i |=> pending_q && $stable(tile_o))
  `ZAHL_ASSERT(a_first_tile_is_the_first_of_a_block, pending_q && first_q |-> first_of_block_q)
  `ZAHL_ASSERT(a_loops_count_down,
               pending_q |->
               chunks_q <= tiles_q.chunks && kernel_columns_q <= tiles_q.kernel_columns &&
               kernel_rows_q <= tiles_q.kernel_rows && blocks_q <= tiles_q.blocks)
endmodule
