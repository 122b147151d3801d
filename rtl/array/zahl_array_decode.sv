`include "rtl/base/zahl_assert.svh"

// Turns a conv or depthwise instruction into tiles and streams. Combinational. The identity of the
// stream is left 0.
module zahl_array_decode
  import zahl_pkg::*;
  import zahl_array_pkg::*;
(
  input  logic          [InstructionBits-1:0] instruction_i,
  output array_tiles_t                        tiles_o,
  output array_stream_t                       stream_o
);
  // Fields that the unit does not need (waits, claims of other ports) stay unused.
  /* verilator lint_off UNUSEDSIGNAL */
  conv_t conv;
  depthwise_t depthwise;
  /* verilator lint_on UNUSEDSIGNAL */
  assign conv = conv_t'(instruction_i);
  assign depthwise = depthwise_t'(instruction_i);

  // A row of pairs ends with a whole pair, so with an odd width the first pair is only half inside.
  logic half;
  assign half = depthwise.pairs && !depthwise.tap_columns[0];

  always_comb begin
    tiles_o = '0;
    stream_o = '0;
    // The fields from source to pad_value lie at the same bits in both.
    tiles_o.source = 25'(conv.source);
    tiles_o.input_x = 21'(conv.input_x);
    tiles_o.input_y = conv.input_y;
    stream_o.banks = conv.read_banks;
    stream_o.accumulator_banks = conv.accumulator_banks;
    stream_o.pad_value = conv.pad_value;
    stream_o.row_limit = conv.input_row_limit;
    stream_o.y_limit = conv.input_y_limit;
    stream_o.vector_step = {1'b0, conv.pixel_step};
    stream_o.row_step = conv.row_step;
    if (conv.opcode == OpcodeDepthwise) begin
      tiles_o.kernel_rows = depthwise.passes;
      unique case (depthwise.tap_rows)
        2'd0: tiles_o.kernel_row_step = 24'(depthwise.row_step);
        2'd1: tiles_o.kernel_row_step = {1'b0, depthwise.row_step, 1'b0};
        default:
        tiles_o.kernel_row_step = {1'b0, depthwise.row_step, 1'b0} + 24'(depthwise.row_step);
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
      stream_o.x_wait = depthwise.tap_columns;
      stream_o.x_step = depthwise.x_step;
      stream_o.y_wait = depthwise.resume ? depthwise.y_step : 4'(depthwise.tap_rows);
      stream_o.y_step = depthwise.y_step;
      tiles_o.line_base = depthwise.line_base;
      tiles_o.line_step = depthwise.line_step;
      if (depthwise.pairs) begin
        if (half) begin
          tiles_o.source = 25'(depthwise.source) - signed'(25'(depthwise.pixel_step));
          tiles_o.input_x = 21'(depthwise.input_x) - signed'(21'(depthwise.pixel_step));
        end
        stream_o.second = 1'b1;
        stream_o.half = half;
        stream_o.second_step = 23'(depthwise.pixel_step);
        stream_o.second_x = 21'(depthwise.pixel_step);
        stream_o.vector_step = {depthwise.pixel_step, 1'b0};
        stream_o.x_wait = {1'b0, depthwise.tap_columns[5:1]};
        stream_o.x_step = '0;
      end
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
      stream_o.second = conv.split != '0;
      stream_o.split = conv.split;
      stream_o.second_step = 23'(conv.second_step) - signed'(23'(conv.split));
      stream_o.second_x = 21'(conv.second_x) - signed'(21'(conv.split));
      stream_o.second_y = conv.second_y;
      stream_o.out_columns = conv.out_columns;
      stream_o.out_rows = conv.out_rows;
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_ALWAYS(a_split_only_of_a_conv, !stream_o.depthwise || stream_o.split == '0)
  `ZAHL_ASSERT_ALWAYS(a_half_only_of_pairs,
                      !stream_o.half || (stream_o.second && stream_o.depthwise))
  `ZAHL_ASSERT_ALWAYS(a_taps_only_of_a_depthwise,
                      stream_o.depthwise || (stream_o.tap_rows == '0 && stream_o.tap_columns == '0))
  `ZAHL_ASSERT_ALWAYS(a_maximum_only_of_a_depthwise, stream_o.depthwise || !stream_o.maximum)
endmodule
