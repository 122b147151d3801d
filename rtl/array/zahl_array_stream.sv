// Streams the vectors of a tile, one a cycle: begin_i in cycle t takes the tile and makes t + 1 its first streaming cycle;
// done_o says that no vector is left after this cycle, so that the next tile may begin. The read request, the lanes and
// the step belong to the vector taken in in this cycle. stream_i belongs to tile_i; it is kept from the first tile of an
// instruction on.
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
  output logic [5:0]    tap_columns_o,
  output logic [1:0]    tap_rows_o,
  output read_request_t read_o,
  output array_lanes_t  lanes_o,
  output array_step_t   step_o,
  output logic          overflow_o
);
  array_stream_t stream_q;
  logic streaming_q, first_q, last_tile_q, overwrite_q;
  address_t address_q, row_address_q, next_row_address;
  position_t x_q, tile_x_q;
  input_row_t y_q;

  // Vectors until the next result of the row, rows until the next row with results, and results made.
  logic [5:0] x_wait_q;
  logic [3:0] y_wait_q;
  logic [9:0] column_q, row_q;

  // Position in the line buffers; its top bit tells that the row is longer than they are.
  logic [PixelBits:0] pixel_q;

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
    if (begin_i) begin
      if (tile_i.first) stream_q <= stream_i;
      last_tile_q <= tile_i.last;
      overwrite_q <= tile_i.overwrite;
      address_q <= tile_i.address;
      row_address_q <= tile_i.address;
      x_q <= tile_i.x;
      tile_x_q <= tile_i.x;
      y_q <= tile_i.y;
      x_wait_q <= stream_i.tap_columns;
      y_wait_q <= 4'(stream_i.tap_rows);
      column_q <= '0;
      row_q <= '0;
      pixel_q <= '0;
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
        x_wait_q <= stream_q.tap_columns;
        column_q <= '0;
        pixel_q <= '0;
        y_wait_q <= y_wait_q == '0 ? stream_q.y_step : y_wait_q - 4'd1;
        if (y_wait_q == '0) row_q <= row_q + 10'd1;
      end else begin
        address_q <= address_q + address_t'({1'b0, stream_q.pixel_step});
        x_q <= x_q + position_t'({1'b0, stream_q.pixel_step});
        pixel_q <= pixel_q + (PixelBits + 1)'(1);
        x_wait_q <= x_wait_q == '0 ? 6'(stream_q.x_step) : x_wait_q - 6'd1;
        if (x_wait_q == '0) column_q <= column_q + 10'd1;
      end
    end
  end

  assign tap_columns_o = stream_q.tap_columns;
  assign tap_rows_o = stream_q.tap_rows;
  assign overflow_o = streaming_q && stream_q.tap_rows != '0 && pixel_q[PixelBits];

  zahl_array_lanes u_lanes (
    .valid_i    (streaming_q),
    .depthwise_i(stream_q.depthwise),
    .x_i        (x_q),
    .y_i        (y_q),
    .row_limit_i(stream_q.row_limit),
    .y_limit_i  (stream_q.y_limit),
    .pad_value_i(stream_q.pad_value),
    .lanes_o
  );

  // An address that the request cannot hold becomes the lowest one, which lies outside of every scratchpad as well.
  always_comb begin
    read_o.valid = lanes_o.any;
    read_o.address = address_q[24:0];
    if (address_q[AddressBits-1:24] != {(AddressBits - 24) {address_q[AddressBits-1]}}) read_o.address = 25'sh1000000;
    read_o.first = lanes_o.first;
    read_o.last = lanes_o.last;
    read_o.banks = stream_q.banks;
  end

  always_comb begin
    step_o.valid = streaming_q;
    step_o.result = streaming_q && result;
    step_o.overwrite = overwrite_q;
    step_o.maximum = stream_q.maximum;
    step_o.depthwise = stream_q.depthwise;
    step_o.first = first_q;
    step_o.last = streaming_q && tile_end && last_tile_q;
    step_o.identity = stream_q.identity;
    step_o.index = index_q[12:0];
    step_o.banks = index_q[13] ? '0 : stream_q.accumulator_banks;
    step_o.pixel = pixel_q[PixelBits-1:0];
  end
endmodule
