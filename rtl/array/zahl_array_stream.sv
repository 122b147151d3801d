`include "rtl/base/zahl_assert.svh"

// Streams the vectors of a tile, one a cycle: begin_i in cycle t takes the tile and makes t + 1 its
// first streaming cycle; done_o says that no vector is left after this cycle, so that the next tile
// may begin. The read requests, the lanes and the step belong to the vector taken in in this cycle.
// stream_i belongs to tile_i; it is kept from the first tile of an instruction on and handed out as
// stream_o.
//
// REQUIRES (a_begin_only_when_done): begin_i only while done_o.
// REQUIRES (a_split_within_the_lanes): the second access takes some lane.
module zahl_array_stream
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          begin_i,
  input  array_tile_t   tile_i,
  input  array_stream_t stream_i,
  output logic          done_o,
  output array_stream_t stream_o,
  output read_request_t read_o,
  output array_lanes_t  lanes_o,
  output read_request_t second_read_o,
  output array_lanes_t  second_lanes_o,
  output array_step_t   step_o,
  output logic          overflow_o       // the place is past the line memory
);
  array_stream_t stream_q;
  logic streaming_q, first_q, last_tile_q, overwrite_q;
  address_t address_q, row_address_q, next_row_address;
  position_t x_q, tile_x_q;
  input_row_t y_q;

  // Vectors until the next result of the row, rows until the next row with results, and results
  // made.
  depthwise_tap_columns_t x_wait_q;
  depthwise_y_step_t y_wait_q;
  conv_out_columns_t column_q;
  conv_out_rows_t row_q;

  // Place in the line memory, of the first pixel where there are two.
  place_t place_q, tile_place_q;
  logic row_begins_q;

  accumulator_index_t index_q, index_next, base_q;

  logic result, row_end, tile_end;
  assign result = x_wait_q == '0 && y_wait_q == '0;
  assign row_end = x_wait_q == '0 && column_q == stream_q.out_columns;
  assign tile_end = row_end && y_wait_q == '0 && row_q == stream_q.out_rows;
  assign done_o = !streaming_q || tile_end;

  assign next_row_address = row_address_q + address_t'({1'b0, stream_q.row_step});
  always_comb begin
    index_next = index_q;
    if (streaming_q && result) index_next = {index_q[13], 13'b0} | ({1'b0, index_q[12:0]} + 14'd1);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) streaming_q <= 1'b0;
    else streaming_q <= begin_i || !done_o;
  end

  always_ff @(posedge clk_i) begin
    first_q <= begin_i;
    row_begins_q <= begin_i || row_end;
    if (begin_i) begin
      if (tile_i.first) stream_q <= stream_i;
      last_tile_q <= tile_i.last;
      overwrite_q <= tile_i.overwrite;
      address_q <= tile_i.address;
      row_address_q <= tile_i.address;
      x_q <= tile_i.x;
      tile_x_q <= tile_i.x;
      y_q <= tile_i.y;
      x_wait_q <= stream_i.x_wait;
      y_wait_q <= stream_i.y_wait;
      column_q <= '0;
      row_q <= '0;
      place_q <= tile_i.place;
      tile_place_q <= tile_i.place;
      if (tile_i.first) begin
        index_q <= 14'(tile_i.accumulator);
        base_q <= 14'(tile_i.accumulator);
      end else if (tile_i.first_of_block) begin
        index_q <= index_next;
        base_q <= index_next;
      end else begin
        index_q <= base_q;
      end
    end else if (streaming_q) begin
      index_q <= index_next;
      if (row_end) begin
        address_q <= next_row_address;
        row_address_q <= next_row_address;
        x_q <= tile_x_q;
        y_q <= y_q + input_row_t'({1'b0, stream_q.input_y_step});
        x_wait_q <= stream_q.x_wait;
        column_q <= '0;
        place_q <= tile_place_q;
        y_wait_q <= y_wait_q == '0 ? stream_q.y_step : y_wait_q - 4'd1;
        if (y_wait_q == '0) row_q <= row_q + 10'd1;
      end else begin
        address_q <= address_q + address_t'({1'b0, stream_q.vector_step});
        x_q <= x_q + position_t'({1'b0, stream_q.vector_step});
        place_q <= {place_q[12], 12'b0} |
            ({1'b0, place_q[11:0]} + (stream_q.second ? 13'd2 : 13'd1));
        x_wait_q <= x_wait_q == '0 ? 6'(stream_q.x_step) : x_wait_q - 6'd1;
        if (x_wait_q == '0) column_q <= column_q + 10'd1;
      end
    end
  end

  assign stream_o = stream_q;
  assign overflow_o = step_o.lines && (place_q >> PlaceBits) != '0;

  logic [6:0] last_lane, first_high;
  assign last_lane = stream_q.depthwise ? 7'(Columns - 1) : 7'(Rows - 1);
  assign first_high = stream_q.split == '0 ? last_lane : 7'(stream_q.split) - 7'd1;

  zahl_array_access u_first (
    .valid_i    (streaming_q && !(stream_q.half && row_begins_q)),
    .depthwise_i(stream_q.depthwise),
    .low_i      ('0),
    .high_i     (first_high),
    .address_i  (address_q),
    .x_i        (x_q),
    .y_i        (y_q),
    .row_limit_i(stream_q.row_limit),
    .y_limit_i  (stream_q.y_limit),
    .banks_i    (stream_q.banks),
    .read_o,
    .lanes_o
  );

  // Branches instead of plain sums: without a second access they cost a simulation nothing.
  logic second;
  address_t second_address;
  position_t second_x;
  input_row_t second_y;
  assign second = streaming_q && stream_q.second;
  always_comb begin
    second_address = '0;
    second_x = '0;
    second_y = '0;
    if (second) begin
      second_address = address_q + address_t'(stream_q.second_step);
      second_x = x_q + position_t'(stream_q.second_x);
      second_y = y_q + input_row_t'({1'b0, stream_q.second_y});
    end
  end
  zahl_array_access u_second (
    .valid_i    (second),
    .depthwise_i(stream_q.depthwise),
    .low_i      ({1'b0, stream_q.split}),
    .high_i     (last_lane),
    .address_i  (second_address),
    .x_i        (second_x),
    .y_i        (second_y),
    .row_limit_i(stream_q.row_limit),
    .y_limit_i  (stream_q.y_limit),
    .banks_i    (stream_q.banks),
    .read_o     (second_read_o),
    .lanes_o    (second_lanes_o)
  );

  always_comb begin
    step_o.valid = streaming_q;
    step_o.result = streaming_q && result;
    step_o.overwrite = overwrite_q;
    step_o.maximum = stream_q.maximum;
    step_o.depthwise = stream_q.depthwise;
    step_o.second = stream_q.second;
    step_o.lines = streaming_q && stream_q.tap_rows != '0;
    step_o.first = first_q;
    step_o.last = streaming_q && tile_end && last_tile_q;
    step_o.identity = stream_q.identity;
    step_o.index = index_q[12:0];
    step_o.banks = index_q[13] ? '0 : stream_q.accumulator_banks;
    step_o.place = place_q[PlaceBits-1:0];
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_begin_only_when_done, begin_i |-> done_o)
  `ZAHL_ASSERT(a_split_within_the_lanes, second |-> 7'(stream_q.split) <= last_lane)
  `ZAHL_ASSERT(a_begin_streams, begin_i |=> step_o.valid && step_o.first)
  `ZAHL_ASSERT(a_column_within_its_row, streaming_q |-> column_q <= stream_q.out_columns)
  `ZAHL_ASSERT(a_row_within_its_tile, streaming_q |-> row_q <= stream_q.out_rows)
  `ZAHL_ASSERT(a_last_ends_the_stream, step_o.last && !begin_i |=> !step_o.valid)
  `ZAHL_ASSERT(a_result_only_of_a_vector, step_o.result |-> step_o.valid)
  `ZAHL_ASSERT(a_second_access_only_of_a_vector,
               second_lanes_o.any |-> step_o.valid && stream_q.second)
  `ZAHL_ASSERT(a_overflow_only_of_the_line_memory, overflow_o |-> step_o.lines)
endmodule
