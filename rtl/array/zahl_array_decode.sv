// Turns a conv or depthwise instruction into tiles and streams. Combinational. The identity of the stream is left 0.
module zahl_array_decode
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic [InstructionBits-1:0] instruction_i,
  output array_tiles_t               tiles_o,
  output array_stream_t              stream_o
);
  // Fields that the unit does not need (waits, claims of other ports) stay unused.
  /* verilator lint_off UNUSEDSIGNAL */
  conv_t conv;
  depthwise_t depthwise;
  /* verilator lint_on UNUSEDSIGNAL */
  assign conv = conv_t'(instruction_i);
  assign depthwise = depthwise_t'(instruction_i);

  always_comb begin
    tiles_o = '0;
    stream_o = '0;
    // The fields from source to pad_value lie at the same bits in both.
    tiles_o.source = conv.source;
    tiles_o.input_x = conv.input_x;
    tiles_o.input_y = conv.input_y;
    stream_o.banks = conv.read_banks;
    stream_o.accumulator_banks = conv.accumulator_banks;
    stream_o.pad_value = conv.pad_value;
    stream_o.row_limit = conv.input_row_limit;
    stream_o.y_limit = conv.input_y_limit;
    stream_o.pixel_step = conv.pixel_step;
    stream_o.row_step = conv.row_step;
    if (conv.opcode == OpcodeDepthwise) begin
      tiles_o.kernel_rows = depthwise.passes;
      unique case (depthwise.tap_rows)
        2'd0: tiles_o.kernel_row_step = 24'(depthwise.row_step);
        2'd1: tiles_o.kernel_row_step = {1'b0, depthwise.row_step, 1'b0};
        default: tiles_o.kernel_row_step = {1'b0, depthwise.row_step, 1'b0} + 24'(depthwise.row_step);
      endcase
      tiles_o.kernel_y_step = 4'(depthwise.tap_rows) + 4'd1;
      tiles_o.blocks = depthwise.blocks;
      tiles_o.block_step = 7'(Columns);
      tiles_o.accumulator = depthwise.accumulator;
      tiles_o.weights = depthwise.weights;
      stream_o.depthwise = 1'b1;
      stream_o.maximum = depthwise.operation == DepthwiseOpMaximum;
      tiles_o.weight_zero = stream_o.maximum ? '0 : depthwise.weight_zero;
      tiles_o.accumulate = depthwise.accumulate;
      stream_o.input_y_step = 4'd1;
      stream_o.tap_columns = depthwise.tap_columns;
      stream_o.tap_rows = depthwise.tap_rows;
      stream_o.x_step = depthwise.x_step;
      stream_o.y_step = depthwise.y_step;
      stream_o.out_columns = depthwise.out_columns;
      stream_o.out_rows = depthwise.out_rows;
    end else begin
      tiles_o.chunks = conv.chunks;
      tiles_o.kernel_columns = conv.kernel_columns;
      tiles_o.kernel_column_step = conv.kernel_column_step;
      tiles_o.kernel_rows = conv.kernel_rows;
      tiles_o.kernel_row_step = 24'(conv.kernel_row_step);
      tiles_o.kernel_y_step = conv.kernel_y_step;
      tiles_o.blocks = conv.blocks;
      tiles_o.accumulator = conv.accumulator;
      tiles_o.weights = conv.weights;
      tiles_o.weight_zero = conv.weight_zero;
      tiles_o.accumulate = conv.accumulate;
      stream_o.input_y_step = conv.y_step;
      stream_o.out_columns = conv.out_columns;
      stream_o.out_rows = conv.out_rows;
    end
  end
endmodule
