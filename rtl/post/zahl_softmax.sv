`include "rtl/base/zahl_assert.svh"

// Softmax, one element a cycle. Per row of n elements four phases of fixed length follow one
// another from the cycle after `start_i` on: maximum, sum, reciprocal, output (the delays
// Softmax*Cycles on top of one cycle an element). `end_o` is high in the last cycle of the last
// row. In the sum and output phases an element read in cycle t has its difference to the maximum in
// t + 2, when its exponential is read, and its exponential in t + 4. Then it joins the sum, or
// `issue_o` announces the result whose quotient `value_o` is valid in t + 5. `shift_o` is the row's
// shift, given with `shift_valid_o`.
//
// REQUIRES (a_start_only_when_idle): start_i only when no row is left.
module zahl_softmax
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_post_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic                                start_i,
  input  logic          [InstructionBits-1:0] instruction_i,
  output read_request_t                       a_read_o,
  input  logic          [                7:0] a_data_i,
  output read_request_t                       b_read_o,
  input  logic          [               31:0] b_data_i,
  output issue_t                              issue_o,
  output logic signed   [               31:0] value_o,        // a cycle after issue_o
  output logic                                shift_valid_o,
  output logic          [                5:0] shift_o,
  output logic                                end_o
);
  typedef enum logic [2:0] {
    Idle,
    Maximum,
    Sum,
    Reciprocal,
    Output
  } phase_e;

  // Fields for the requantizer and for dispatch are of no interest here.
  /* verilator lint_off UNUSEDSIGNAL */
  softmax_t softmax_q, softmax_new;
  /* verilator lint_on UNUSEDSIGNAL */
  assign softmax_new = softmax_t'(instruction_i);

  phase_e phase_q;
  logic [12:0] count_q;  // cycles since the phase began
  softmax_rows_t rows_left_q;
  address_t source_row_q, result_row_q, result_q;

  // --- phases
  logic [12:0] last_count;
  logic phase_ends, last_row;
  always_comb begin
    unique case (phase_q)
      Maximum: last_count = 13'(softmax_q.row_bytes) + 13'(SoftmaxMaximumCycles);
      Sum: last_count = 13'(softmax_q.row_bytes) + 13'(SoftmaxSumCycles);
      Reciprocal: last_count = 13'(SoftmaxReciprocalCycles - 1);
      Output: last_count = 13'(softmax_q.row_bytes) + 13'(SoftmaxOutputCycles);
      default: last_count = '0;
    endcase
  end
  assign phase_ends = phase_q != Idle && count_q == last_count;
  assign last_row = rows_left_q == '0;
  assign end_o = phase_q == Output && phase_ends && last_row;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      phase_q <= Idle;
    end else if (start_i) begin
      phase_q <= Maximum;
    end else if (phase_ends) begin
      unique case (phase_q)
        Maximum: phase_q <= Sum;
        Sum: phase_q <= Reciprocal;
        Reciprocal: phase_q <= Output;
        Output: phase_q <= last_row ? Idle : Maximum;
        default: phase_q <= Idle;
      endcase
    end
  end

  // --- the stages of an element: 1 value read, 2 difference known, 3 exponential read, 4
  // exponential known
  logic reading, in_lookup;
  logic [4:1] stage_q;
  assign reading = phase_q != Idle && phase_q != Reciprocal && count_q <= 13'(softmax_q.row_bytes);
  assign in_lookup = phase_q == Sum || phase_q == Output;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) stage_q <= '0;
    else stage_q <= {stage_q[3:1], reading};
  end

  logic signed [7:0] maximum_q;
  logic [7:0] difference_q;
  logic [30:0] exponential_q;
  logic [31:0] sum_q;

  always_comb begin
    a_read_o = '0;
    b_read_o = '0;
    issue_o = '0;
    if (reading) a_read_o = read(source_row_q + address_t'(count_q), 7'd1, softmax_q.read_banks);
    if (in_lookup && stage_q[2]) begin
      b_read_o = read(
        address_t'(softmax_q.exponentials) + address_t'({difference_q, 2'b00}),
        7'd4,
        softmax_q.read_banks
      );
    end
    if (phase_q == Output && stage_q[4]) issue_o = issue(result_q, 7'd1, 1'b0);
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      softmax_q <= softmax_new;
      rows_left_q <= softmax_new.rows;
      source_row_q <= address_t'(softmax_new.source);
      result_row_q <= address_t'(softmax_new.result);
      result_q <= address_t'(softmax_new.result);
      count_q <= '0;
      maximum_q <= -8'sd128;
    end else if (phase_q != Idle) begin
      count_q <= phase_ends ? '0 : count_q + 13'd1;
      if (phase_q == Maximum) begin
        sum_q <= '0;
        if (stage_q[1] && signed'(a_data_i) > maximum_q) maximum_q <= signed'(a_data_i);
      end else begin
        if (stage_q[1]) difference_q <= unsigned'(maximum_q) - a_data_i;
        if (stage_q[3]) exponential_q <= b_data_i[30:0];
        if (phase_q == Sum && stage_q[4]) sum_q <= sum_q + ((32'(exponential_q) + 32'd2048) >> 12);
        if (issue_o.valid) result_q <= result_q + address_t'(1);
      end
      if (phase_q == Output && phase_ends) begin
        rows_left_q <= rows_left_q - 14'd1;
        source_row_q <= source_row_q + address_t'(softmax_q.source_step);
        result_row_q <= result_row_q + address_t'(softmax_q.result_step);
        result_q <= result_row_q + address_t'(softmax_q.result_step);
        maximum_q <= -8'sd128;
      end
    end
  end

  logic unused;
  assign unused = b_data_i[31];

  // --- reciprocal of the sum, and quotients, on one multiplier
  logic reciprocal_multiplies;
  logic signed [31:0] reciprocal_a, reciprocal_b, scale, product;
  logic [4:0] headroom;

  zahl_reciprocal u_reciprocal (
    .clk_i,
    .rst_ni,
    .start_i   (phase_q == Reciprocal && count_q == '0),
    .sum_i     (sum_q),
    .multiply_o(reciprocal_multiplies),
    .a_o       (reciprocal_a),
    .b_o       (reciprocal_b),
    .product_i (product),
    .scale_o   (scale),
    .headroom_o(headroom)
  );

  zahl_doubling_multiplier u_multiplier (
    .clk_i,
    .multiply_i(reciprocal_multiplies || issue_o.valid),
    .a_i       (phase_q == Output ? scale : reciprocal_a),
    .b_i       (phase_q == Output ? signed'({1'b0, exponential_q}) : reciprocal_b),
    .result_o  (product)
  );
  assign value_o = product;

  // shift + 12 - headroom, of which the requantizer holds 0 to 63; from 63 on every quotient rounds
  // to 0.
  logic signed [7:0] shift;
  assign shift = signed'({2'b0, softmax_q.shift}) + 8'sd12 - signed'({3'b0, headroom});
  assign shift_o = shift < 8'sd0 ? '0 : shift > 8'sd63 ? 6'd63 : shift[5:0];
  assign shift_valid_o = phase_q == Reciprocal && phase_ends;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_idle, start_i |-> phase_q == Idle)
  `ZAHL_ASSERT(a_phase_has_a_name, phase_q <= Output)
  `ZAHL_ASSERT(a_count_within_its_phase, phase_q != Idle |-> count_q <= last_count)
  `ZAHL_ASSERT(a_sum_never_wraps,
               phase_q == Sum && stage_q[4] |->
               33'(sum_q) + 33'((32'(exponential_q) + 32'd2048) >> 12) <= 33'hFFFF_FFFF)
  `ZAHL_ASSERT(a_multiplier_has_one_user, !(reciprocal_multiplies && issue_o.valid))
  `ZAHL_ASSERT(a_reciprocal_is_there_in_time, shift_valid_o |-> !reciprocal_multiplies)
  `ZAHL_ASSERT(a_reads_only_in_a_phase,
               a_read_o.valid |-> phase_q != Idle && phase_q != Reciprocal)
  `ZAHL_ASSERT(a_end_is_the_last, end_o |=> phase_q == Idle)
endmodule
