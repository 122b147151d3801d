`include "rtl/base/zahl_assert.svh"

// The array unit: Rows lanes broadcast to Columns columns of dot products, weights double-buffered;
// conv and depthwise in one pipeline. A second stream of vectors shares the port of the weights. A
// vector taken in at q: scratchpad address at q, data at q + 1, window at the end of q + 2, dot
// product at the end of q + 3 with the accumulator's read address, sum written at q + 4
// (docs/machine.md). end_o comes in the cycle before the instruction's end is visible, fault_o
// counts in the cycle after end_o. The unit knows nothing of tokens and claims but the bank masks
// that it hands to the memories.
//
// REQUIRES (a_start_only_when_ready): start_i only while ready_o.
// REQUIRES (a_start_only_what_it_knows): the instruction is a legal conv or depthwise.
module zahl_array
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       start_i,
  input  logic                 [InstructionBits-1:0] instruction_i,
  output logic                                       ready_o,
  output logic                                       end_o,                     // cycle e - 1
  output logic                                       fault_o,                   // cycle e
  output logic                                       streaming_o,               // a vector enters
  output logic                                       holding_o,                 // the next waits
  output read_request_t                              source_read_o,
  /* verilator lint_off UNUSEDSIGNAL */  // a line may be longer than a vector
  input  logic                 [    LineBytes*8-1:0] source_data_i,
  /* verilator lint_on UNUSEDSIGNAL */
  input  logic                                       source_fault_i,
  output read_request_t                              weights_read_o,
  input  logic                 [    LineBytes*8-1:0] weights_data_i,
  input  logic                                       weights_fault_i,
  output accumulator_request_t                       accumulator_read_o,
  input  logic                 [     Columns*32-1:0] accumulator_data_i,
  input  logic                                       accumulator_read_fault_i,
  output accumulator_request_t                       accumulator_write_o,
  output logic                 [     Columns*32-1:0] accumulator_write_data_o,
  input  logic                                       accumulator_write_fault_i
);
  // The instruction that was started last. The one before it may still stream its last tile.
  array_tiles_t tiles;
  array_stream_t stream, stream_q;
  logic [1:0] identity_q, next_identity;

  zahl_array_decode u_decode (
    .instruction_i,
    .tiles_o (tiles),
    .stream_o(stream)
  );
  assign next_identity = identity_q + 2'd1;

  logic begin_tile, load_tile, tile_pending, loaded, stream_done;
  array_tile_t tile;
  array_step_t step_0;
  zahl_array_sequence u_sequence (
    .clk_i,
    .rst_ni,
    .start_i,
    .second_i       (stream_q.second),
    .tile_pending_i (tile_pending),
    .tile_last_i    (tile.last),
    .loaded_i       (loaded),
    .stream_done_i  (stream_done),
    .stream_second_i(step_0.second),
    .stream_last_i  (step_0.last),
    .begin_o        (begin_tile),
    .load_o         (load_tile),
    .holding_o
  );
  assign ready_o = !holding_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) identity_q <= '0;
    else if (start_i) identity_q <= next_identity;
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      stream_q <= stream;
      stream_q.identity <= next_identity;
    end
  end

  zahl_array_tiles u_tiles (
    .clk_i,
    .rst_ni,
    .start_i,
    .tiles_i  (tiles),
    .begin_i  (begin_tile),
    .pending_o(tile_pending),
    .tile_o   (tile)
  );

  read_request_t line_read, second_read;
  logic line_valid;
  logic [TileLineBits-1:0] line_index;
  logic [LineBytes*WeightBits-1:0] line;
  zahl_array_weights u_weights (
    .clk_i,
    .rst_ni,
    .start_i,
    .weights_i   (tiles.weights),
    .zero_i      (tiles.weight_zero),
    .banks_i     (stream.banks),
    .load_i      (load_tile),
    .loaded_o    (loaded),
    .read_o      (line_read),
    .data_i      (weights_data_i),
    .line_valid_o(line_valid),
    .line_index_o(line_index),
    .line_o      (line)
  );

  // Lines and second accesses never come in the same cycle.
  always_comb begin
    weights_read_o = line_read;
    if (second_read.valid) weights_read_o = second_read;
  end

  // Of the streaming instruction; the cells below need only a part.
  /* verilator lint_off UNUSEDSIGNAL */
  array_stream_t streaming;
  /* verilator lint_on UNUSEDSIGNAL */
  array_lanes_t lanes, lanes_1_q, second_lanes, second_lanes_1_q;
  array_step_t step_1_q, step_2_q, step_3_q;
  // Its last stage needs only a part.
  /* verilator lint_off UNUSEDSIGNAL */
  array_step_t step_4_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic overflow;
  zahl_array_stream u_stream (
    .clk_i,
    .rst_ni,
    .begin_i       (begin_tile),
    .tile_i        (tile),
    .stream_i      (stream_q),
    .done_o        (stream_done),
    .stream_o      (streaming),
    .read_o        (source_read_o),
    .lanes_o       (lanes),
    .second_read_o (second_read),
    .second_lanes_o(second_lanes),
    .step_o        (step_0),
    .overflow_o    (overflow)
  );
  assign streaming_o = step_0.valid;

  // step_n_q is the vector taken in n cycles ago.
  logic [1:0] ended_identity_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_1_q <= '0;
      step_2_q <= '0;
      step_3_q <= '0;
      step_4_q <= '0;
    end else begin
      step_1_q <= step_0;
      step_2_q <= step_1_q;
      step_3_q <= step_2_q;
      step_4_q <= step_3_q;
    end
  end
  always_ff @(posedge clk_i) begin
    lanes_1_q <= lanes;
    second_lanes_1_q <= second_lanes;
    ended_identity_q <= step_4_q.identity;
  end

  logic [VectorBytes*8-1:0] vector;
  logic [Columns*8-1:0] older;
  zahl_array_pad u_pad (
    .clk_i,
    .set_i         (step_0.first),
    .second_i      (streaming.second),
    .pairs_i       (streaming.second && streaming.depthwise),
    .split_i       (streaming.split),
    .pad_value_i   (streaming.pad_value),
    .valid_i       (step_1_q.valid),
    .lanes_i       (lanes_1_q),
    .second_lanes_i(second_lanes_1_q),
    .data_i        (source_data_i[VectorBytes*8-1:0]),
    .second_data_i (weights_data_i[VectorBytes*8-1:0]),
    .vector_o      (vector),
    .older_o       (older)
  );

  // The shape of the window is taken over from the stream one cycle before its first vector gets
  // there: until then no other instruction can have begun to stream.
  logic move, pair;
  logic [Rows*8-1:0] newer_mask, newer_one_above_mask, newer_two_above_mask, move_mask;
  logic [Rows*8-1:0] older_mask, older_one_above_mask, older_two_above_mask;
  logic [Columns*8-1:0] newer_one_above, newer_two_above, older_one_above, older_two_above;
  assign move = step_2_q.valid && step_2_q.depthwise;
  assign pair = move && step_2_q.second;
  zahl_array_taps u_taps (
    .clk_i,
    .set_i            (step_1_q.first && step_1_q.depthwise),
    .tap_columns_i    (streaming.tap_columns),
    .tap_rows_i       (streaming.tap_rows),
    .pairs_i          (step_1_q.second),
    .valid_i          (move),
    .newer_o          (newer_mask),
    .newer_one_above_o(newer_one_above_mask),
    .newer_two_above_o(newer_two_above_mask),
    .older_o          (older_mask),
    .older_one_above_o(older_one_above_mask),
    .older_two_above_o(older_two_above_mask),
    .move_o           (move_mask)
  );
  zahl_array_lines u_lines (
    .clk_i,
    .rst_ni,
    .read_i           (step_1_q.lines),
    .pair_i           (step_1_q.second),
    .place_i          (step_1_q.place),
    .newer_i          (vector[Columns*8-1:0]),
    .older_i          (older),
    .newer_one_above_o(newer_one_above),
    .newer_two_above_o(newer_two_above),
    .older_one_above_o(older_one_above),
    .older_two_above_o(older_two_above)
  );

  assign accumulator_read_o = '{
          valid: step_3_q.result && !step_3_q.overwrite,
          index: step_3_q.index,
          banks: step_3_q.banks
      };
  assign accumulator_write_o = '{
          valid: step_4_q.result,
          index: step_4_q.index,
          banks: step_4_q.banks
      };
  assign end_o = step_4_q.last;

  // The vector before may be writing the accumulator that this one reads: at the seam of two
  // instructions, or when tiles of one line and one vector follow each other. A dropped write is
  // not forwarded.
  logic forward, forward_q;
  logic [Columns*32-1:0] written_q, accumulator;
  assign forward = accumulator_read_o.valid && accumulator_write_o.valid &&
      step_3_q.index == step_4_q.index;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) forward_q <= 1'b0;
    else forward_q <= forward;
  end
  always_ff @(posedge clk_i) begin
    if (forward) written_q <= accumulator_write_data_o;
  end
  always_comb begin
    accumulator = accumulator_data_i;
    if (forward_q && !accumulator_write_fault_i) accumulator = written_q;
  end

  for (genvar c = 0; c < Columns; c++) begin : gen_column
    // Byte m of a tile is lane 4g + i of column c with m = 4 * Columns * g + 4 * c + i.
    logic [Rows/4-1:0] quad_write;
    logic [ColumnQuads*QuadBits-1:0] quads;
    for (genvar g = 0; g < Rows / 4; g++) begin : gen_quad
      localparam int unsigned Byte = 4 * (Columns * g + c);
      assign quad_write[g] = line_valid && line_index == TileLineBits'(Byte / LineBytes);
      if (g < ColumnQuads) begin : gen_slot
        assign quads[g*QuadBits+:QuadBits] = line[(Byte%LineBytes)*WeightBits+:QuadBits];
      end
    end

    zahl_array_column u_column (
      .clk_i,
      .quad_write_i          (quad_write),
      .quads_i               (quads),
      .swap_i                (step_2_q.first),
      .take_i                (step_2_q.valid && !step_2_q.depthwise),
      .vector_i              (vector[Rows*8-1:0]),
      .move_i                (move),
      .pair_i                (pair),
      .newer_i               (vector[c*8+:8]),
      .newer_one_above_i     (newer_one_above[c*8+:8]),
      .newer_two_above_i     (newer_two_above[c*8+:8]),
      .older_i               (older[c*8+:8]),
      .older_one_above_i     (older_one_above[c*8+:8]),
      .older_two_above_i     (older_two_above[c*8+:8]),
      .newer_mask_i          (newer_mask),
      .newer_one_above_mask_i(newer_one_above_mask),
      .newer_two_above_mask_i(newer_two_above_mask),
      .older_mask_i          (older_mask),
      .older_one_above_mask_i(older_one_above_mask),
      .older_two_above_mask_i(older_two_above_mask),
      .move_mask_i           (move_mask),
      .compute_i             (step_3_q.result),
      .compute_maximum_i     (step_3_q.maximum),
      .overwrite_i           (step_4_q.overwrite),
      .maximum_i             (step_4_q.maximum),
      .accumulator_i         (accumulator[c*32+:32]),
      .sum_o                 (accumulator_write_data_o[c*32+:32])
    );
  end

  zahl_array_faults u_faults (
    .clk_i,
    .rst_ni,
    .start_i,
    .start_identity_i           (next_identity),
    // A second access too: the unit is not ready before its instruction has streamed.
    .weights_fault_i,
    .weights_identity_i         (identity_q),
    .overflow_i                 (overflow),
    .overflow_identity_i        (step_0.identity),
    .source_fault_i,
    .source_identity_i          (step_1_q.identity),
    .accumulator_read_fault_i,
    .accumulator_read_identity_i(step_4_q.identity),
    .accumulator_write_fault_i,
    .ending_identity_i          (ended_identity_q),
    .fault_o
  );

  // verilog_format: off  // an assertion is cut where its sentence is
  `ifndef SYNTHESIS
    logic [2:0] in_flight_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) in_flight_q <= '0;
      else in_flight_q <= in_flight_q + 3'(start_i) - 3'(end_o);
    end
  `endif
  `ZAHL_ASSERT(a_start_only_when_ready, start_i |-> ready_o)
  `ZAHL_ASSERT(a_start_only_what_it_knows,
               start_i |->
               is_legal(instruction_i) && unit_of(instruction_i[7:0]) == UnitArray)
  `ZAHL_ASSERT(a_at_most_four_in_flight, in_flight_q <= 3'd4)
  `ZAHL_ASSERT(a_end_only_in_flight, end_o |-> in_flight_q != '0)
  `ZAHL_ASSERT(a_ends_in_order, end_o |-> step_4_q.identity == identity_q - 2'(in_flight_q - 3'd1))
  `ZAHL_ASSERT(a_stream_only_in_flight, streaming_o |-> in_flight_q != '0)
  `ZAHL_ASSERT(a_line_and_second_access_never_meet, !(line_read.valid && second_read.valid))
  `ZAHL_ASSERT(a_result_only_of_a_vector, step_4_q.result |-> step_4_q.valid)
  `ZAHL_ASSERT(a_tile_begins_with_its_weights, begin_tile |-> loaded)
  `ZAHL_ASSERT(a_swap_only_of_a_vector, step_2_q.first |-> step_2_q.valid)
endmodule
