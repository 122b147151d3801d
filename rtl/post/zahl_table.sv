`include "rtl/base/zahl_assert.svh"

// The two tables of 256 bytes. set_table fills one: started in cycle s, it reads a line in each of
// the cycles s + 1 .. s + N and takes it a cycle later; `end_o` is high in cycle s + N + 2. Columns
// lanes look up at the same time: indices in cycle t while `look_up_i`, results from t + 1 on. With
// `use_table_i` 0 the index itself is the result.
//
// REQUIRES (a_start_only_when_idle): start_i only when the last table is filled.
// REQUIRES (a_look_up_only_when_filled): look_up_i never while a line is taken.
module zahl_table
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_post_pkg::*;
(
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic                                start_i,
  input  logic          [InstructionBits-1:0] instruction_i,
  output read_request_t                       read_o,
  input  logic          [    LineBytes*8-1:0] data_i,
  output logic                                end_o,
  input  logic                                look_up_i,
  input  logic                                use_table_i,
  input  logic                                slot_i,         // which of the two
  input  logic          [      Columns*8-1:0] index_i,
  output logic          [      Columns*8-1:0] result_o
);
  localparam int unsigned Lines = 256 / LineBytes;
  localparam int unsigned LineBits = $clog2(Lines);
  localparam int unsigned ByteBits = $clog2(LineBytes);

  // Fields of other instructions and of dispatch are of no interest here.
  /* verilator lint_off UNUSEDSIGNAL */
  set_table_t set_table_q;
  /* verilator lint_on UNUSEDSIGNAL */

  logic reading_q;
  logic [LineBits-1:0] line_q;  // being read
  logic taking_q;
  logic [LineBits-1:0] taken_line_q;
  logic end_q;

  // Line l of slot s is entry s * Lines + l. Entry i of a table serves the byte i - 128.
  logic [LineBytes*8-1:0] lines_q[2*Lines];

  assign read_o = reading_q ? read(
      address_t'(set_table_q.source) + (address_t'(line_q) << ByteBits),
      7'(LineBytes),
      set_table_q.read_banks
  ) : '0;
  assign end_o = end_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      reading_q <= 1'b0;
      line_q <= '0;
      taking_q <= 1'b0;
      taken_line_q <= '0;
      end_q <= 1'b0;
    end else begin
      taking_q <= reading_q;
      taken_line_q <= line_q;
      end_q <= taking_q && taken_line_q == LineBits'(Lines - 1);
      if (start_i) begin
        reading_q <= 1'b1;
        line_q <= '0;
      end else if (reading_q) begin
        line_q <= line_q + LineBits'(1);
        if (line_q == LineBits'(Lines - 1)) reading_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) set_table_q <= set_table_t'(instruction_i);
    if (taking_q) lines_q[{set_table_q.slot, taken_line_q}] <= data_i;
  end

  for (genvar lane = 0; lane < Columns; lane++) begin : gen_lane
    logic [7:0] entry;  // the byte plus 128
    assign entry = index_i[lane*8+:8] ^ 8'h80;
    always_ff @(posedge clk_i) begin
      if (look_up_i) begin
        result_o[lane*8+:8] <= use_table_i ? lines_q[{slot_i, entry[7:ByteBits]}]
            [{entry[ByteBits-1:0], 3'b0}+:8] : index_i[lane*8+:8];
      end
    end
  end

  `ZAHL_ASSERT(a_start_only_when_idle, start_i |-> !reading_q && !taking_q)
  `ZAHL_ASSERT(a_look_up_only_when_filled, !(look_up_i && taking_q))
  `ZAHL_ASSERT(a_end_is_after_the_last_line, end_o |-> !reading_q && !taking_q)
  `ZAHL_ASSERT(a_each_line_is_taken, reading_q |=> taking_q)
endmodule
