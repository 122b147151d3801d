`include "rtl/base/zahl_assert.svh"

// The post unit: executes drain, eltwise, set_table and softmax, one at a time, in the cycles of
// docs/machine.md section 8. Unit interface: `start_i` with the instruction in cycle s; `end_o` in
// cycle e - 1; `fault_o` belongs to the instruction in its cycle e and covers accesses up to the
// last write in e - 1.
//
// The sequencers issue reads; what they issue travels down one pipeline that ends in the scratchpad
// write:
//
//   stage    1         2         3        4         5        6        7
//   eltwise  subtract  multiply  add      multiply  round    table    write
//   drain    .         .         add      multiply  round    table    write
//   softmax  .         .         add      multiply  round    table    write
//
// An eltwise issued in cycle a is in stage 1 in a + 1, a drain issued in a is in stage 3 in a + 1.
//
// REQUIRES (a_start_only_when_ready): start_i only while ready_o.
// REQUIRES (a_start_only_what_it_knows): the instruction is a legal one of the four.
module zahl_post
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_post_pkg::*;
(
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       start_i,
  input  logic                 [InstructionBits-1:0] instruction_i,
  output logic                                       ready_o,
  output logic                                       end_o,               // cycle e - 1
  output logic                                       fault_o,             // cycle e
  output read_request_t                              a_read_o,
  input  logic                 [    LineBytes*8-1:0] a_data_i,
  input  logic                                       a_fault_i,
  output read_request_t                              b_read_o,
  input  logic                 [    LineBytes*8-1:0] b_data_i,
  input  logic                                       b_fault_i,
  output write_request_t                             write_o,
  input  logic                                       write_fault_i,       // a cycle later
  output accumulator_request_t                       accumulator_read_o,
  input  logic                 [     Columns*32-1:0] accumulator_data_i,
  input  logic                                       accumulator_fault_i
);
  if (DrainPipelineCycles != 6 || EltwisePipelineCycles != 8 ||
      TablePipelineCycles != 3) begin : gen_delays
    $error("the pipeline has other delays than isa/hw.toml");
  end

  // --- the instruction in flight
  typedef enum logic [1:0] {
    Drain,
    Eltwise,
    SetTable,
    Softmax
  } kind_e;

  // What starts, as each instruction sees it. The sequencers look at the other fields.
  /* verilator lint_off UNUSEDSIGNAL */
  common_t common;
  drain_t drain;
  eltwise_t eltwise, eltwise_q;
  softmax_t softmax;
  /* verilator lint_on UNUSEDSIGNAL */
  assign common = common_t'(instruction_i);
  assign drain = drain_t'(instruction_i);
  assign eltwise = eltwise_t'(instruction_i);
  assign softmax = softmax_t'(instruction_i);

  logic busy_q, first_q;  // first_q: the cycle after the start
  kind_e kind_q;
  settings_t settings_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      first_q <= 1'b0;
    end else begin
      first_q <= start_i;
      if (start_i) busy_q <= 1'b1;
      else if (end_o) busy_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      eltwise_q <= eltwise;
      unique case (common.opcode)
        OpcodeDrain: begin
          kind_q <= Drain;
          settings_q <= '{
              drain.write_banks,
              drain.uniform,
              drain.m0,
              drain.shift,
              rounding_e'(drain.rounding),
              drain.zero_point,
              drain.low,
              drain.high,
              drain.use_table,
              drain.table_slot
          };
        end
        OpcodeEltwise: begin
          kind_q <= Eltwise;
          settings_q <= '{
              eltwise.write_banks,
              1'b1,
              eltwise.m0,
              eltwise.shift,
              rounding_e'(eltwise.rounding),
              eltwise.zero_point,
              eltwise.low,
              eltwise.high,
              eltwise.use_table,
              eltwise.table_slot
          };
        end
        OpcodeSetTable: kind_q <= SetTable;
        default: begin
          kind_q <= Softmax;
          settings_q <= '{
              softmax.write_banks,
              1'b1,
              softmax.m0,
              softmax.shift,
              RoundingHalfAway,
              softmax.zero_point,
              -8'sd128,
              8'sd127,
              1'b0,
              1'b0
          };
        end
      endcase
    end
  end
  assign ready_o = !busy_q;

  // Of a line wider than the columns only the first bytes are operands.
  logic unused;
  assign unused = ^b_data_i;

  // --- sequencers
  read_request_t
      drain_read, eltwise_a_read, eltwise_b_read, table_read, softmax_a_read, softmax_b_read;
  issue_t drain_issue, eltwise_issue, softmax_issue;
  logic line_valid, softmax_shift_valid, table_end, softmax_end;
  logic [3:0] line_index;
  logic [5:0] softmax_shift;
  logic signed [31:0] softmax_value;

  zahl_drain u_drain (
    .clk_i,
    .rst_ni,
    .start_i     (start_i && common.opcode == OpcodeDrain),
    .instruction_i,
    .read_o      (drain_read),
    .line_valid_o(line_valid),
    .line_index_o(line_index),
    .accumulator_read_o,
    .issue_o     (drain_issue)
  );

  zahl_eltwise u_eltwise (
    .clk_i,
    .rst_ni,
    .start_i (start_i && common.opcode == OpcodeEltwise),
    .instruction_i,
    .a_read_o(eltwise_a_read),
    .b_read_o(eltwise_b_read),
    .issue_o (eltwise_issue)
  );

  zahl_softmax u_softmax (
    .clk_i,
    .rst_ni,
    .start_i      (start_i && common.opcode == OpcodeSoftmax),
    .instruction_i,
    .a_read_o     (softmax_a_read),
    .a_data_i     (a_data_i[7:0]),
    .b_read_o     (softmax_b_read),
    .b_data_i     (b_data_i[31:0]),
    .issue_o      (softmax_issue),
    .value_o      (softmax_value),
    .shift_valid_o(softmax_shift_valid),
    .shift_o      (softmax_shift),
    .end_o        (softmax_end)
  );

  // Only the sequencer in charge makes requests; the others are all zero.
  assign a_read_o = drain_read | eltwise_a_read | table_read | softmax_a_read;
  assign b_read_o = eltwise_b_read | softmax_b_read;

  // --- the pipeline
  issue_t [7:1] stage_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) stage_q <= '0;
    else if (busy_q)
      stage_q <= {
        stage_q[6:3], stage_q[2] | drain_issue | softmax_issue, stage_q[1], eltwise_issue
      };
  end

  logic [Columns*32-1:0] bias;
  logic [Columns*31-1:0] m0;
  logic [Columns*6-1:0] shift;
  zahl_channel_parameters u_parameters (
    .clk_i,
    .line_valid_i   (line_valid),
    .line_index_i   (line_index),
    .line_i         (a_data_i),
    .uniform_valid_i((first_q && settings_q.has_uniform) || softmax_shift_valid),
    .uniform_m0_i   (settings_q.m0),
    .uniform_shift_i(softmax_shift_valid ? softmax_shift : settings_q.shift),
    .bias_o         (bias),
    .m0_o           (m0),
    .shift_o        (shift)
  );

  logic [Columns*8-1:0] clamped, result;
  for (genvar lane = 0; lane < Columns; lane++) begin : gen_lane
    logic signed [31:0] eltwise_accumulator, eltwise_bias, other;
    logic signed [40:0] eltwise_product;

    zahl_eltwise_lane u_eltwise_lane (
      .clk_i,
      .subtract_i   (stage_q[1].valid),
      .multiply_i   (stage_q[2].valid),
      .scale_i      (stage_q[3].valid && kind_q == Eltwise),
      .a_i          (a_data_i[lane*8+:8]),
      .b_i          (b_data_i[lane*8+:8]),
      .a_zero_i     (eltwise_q.a_zero),
      .b_zero_i     (eltwise_q.b_zero),
      .a_m0_i       (eltwise_q.a_m0),
      .b_m0_i       (eltwise_q.b_m0),
      .a_shift_i    (eltwise_q.a_shift),
      .b_shift_i    (eltwise_q.b_shift),
      .operation_i  (eltwise_op_e'(eltwise_q.operation)),
      .is_exact_i   (eltwise_q.exact),
      .accumulator_o(eltwise_accumulator),
      .bias_o       (eltwise_bias),
      .product_o    (eltwise_product)
    );

    // Softmax is scalar: it has the first lane to itself.
    if (lane == 0) begin : gen_softmax
      assign other = kind_q == Softmax ? softmax_value : eltwise_accumulator;
    end else begin : gen_no_softmax
      assign other = eltwise_accumulator;
    end

    zahl_requantizer u_requantizer (
      .clk_i,
      .add_i        (stage_q[3].valid),
      .multiply_i   (stage_q[4].valid),
      .round_i      (stage_q[5].valid),
      .accumulator_i(kind_q == Drain ? accumulator_data_i[lane*32+:32] : other),
      .bias_i       (kind_q == Drain ? bias[lane*32+:32] : eltwise_bias),
      .wide_i       (kind_q == Eltwise && eltwise_q.exact),
      .product_i    (eltwise_product),
      .m0_i         (m0[lane*31+:31]),
      .shift_i      (shift[lane*6+:6]),
      .rounding_i   (settings_q.rounding),
      .zero_point_i (settings_q.zero_point),
      .low_i        (settings_q.low),
      .high_i       (settings_q.high),
      .result_o     (clamped[lane*8+:8])
    );
  end

  zahl_table u_table (
    .clk_i,
    .rst_ni,
    .start_i    (start_i && common.opcode == OpcodeSetTable),
    .instruction_i,
    .read_o     (table_read),
    .data_i     (a_data_i),
    .end_o      (table_end),
    .look_up_i  (stage_q[6].valid),
    .use_table_i(settings_q.use_table),
    .slot_i     (settings_q.table_slot),
    .index_i    (clamped),
    .result_o   (result)
  );

  always_comb begin
    write_o = '0;
    if (stage_q[7].valid) begin
      write_o.valid = 1'b1;
      write_o.address = {1'b0, stage_q[7].address};
      write_o.strobe = ~({LineBytes{1'b1}} << stage_q[7].bytes);
      write_o.data = (LineBytes * 8)'(result);
      write_o.banks = stage_q[7].fits ? settings_q.write_banks : '0;
    end
  end

  assign end_o = (stage_q[7].valid && stage_q[7].last) || table_end || softmax_end;

  // --- faults: each arrives in the cycle after its request
  logic a_valid_q, b_valid_q, accumulator_valid_q, write_valid_q, faulted_q, faults;
  assign faults = (a_valid_q && a_fault_i) || (b_valid_q && b_fault_i) ||
      (accumulator_valid_q && accumulator_fault_i) || (write_valid_q && write_fault_i);
  assign fault_o = faulted_q || faults;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      a_valid_q <= 1'b0;
      b_valid_q <= 1'b0;
      accumulator_valid_q <= 1'b0;
      write_valid_q <= 1'b0;
      faulted_q <= 1'b0;
    end else begin
      a_valid_q <= a_read_o.valid;
      b_valid_q <= b_read_o.valid;
      accumulator_valid_q <= accumulator_read_o.valid;
      write_valid_q <= write_o.valid;
      faulted_q <= !start_i && fault_o;
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_ready, start_i |-> ready_o)
  `ZAHL_ASSERT(a_start_only_what_it_knows,
               start_i |->
               is_legal(instruction_i) && unit_of(common.opcode) == UnitPost)
  `ZAHL_ASSERT(a_one_sequencer_reads_a,
               $onehot0({drain_read.valid, eltwise_a_read.valid, table_read.valid,
               softmax_a_read.valid}))
  `ZAHL_ASSERT(a_one_sequencer_reads_b, !(eltwise_b_read.valid && softmax_b_read.valid))
  `ZAHL_ASSERT(a_one_sequencer_issues,
               $onehot0({drain_issue.valid, eltwise_issue.valid, softmax_issue.valid}))
  `ZAHL_ASSERT(a_issues_do_not_meet_in_the_pipeline,
               stage_q[2].valid |-> !drain_issue.valid && !softmax_issue.valid)
  `ZAHL_ASSERT(a_one_end_at_a_time,
               $onehot0({stage_q[7].valid && stage_q[7].last, table_end, softmax_end}))
  `ZAHL_ASSERT(a_end_only_when_busy, end_o |-> busy_q)
  `ZAHL_ASSERT(a_reads_only_when_busy,
               a_read_o.valid || b_read_o.valid || accumulator_read_o.valid |-> busy_q)
  `ZAHL_ASSERT(a_pipeline_is_empty_when_ready, ready_o |-> stage_q == '0)
  `ZAHL_ASSERT(a_first_stages_only_of_eltwise,
               stage_q[1].valid || stage_q[2].valid |-> kind_q == Eltwise)
  `ZAHL_ASSERT(a_table_is_not_written_while_used, stage_q[6].valid |-> kind_q != SetTable)
  `ZAHL_ASSERT(a_write_has_bytes,
               stage_q[7].valid |-> stage_q[7].bytes != '0 && stage_q[7].bytes <= 7'(Columns))
endmodule
