`include "rtl/base/zahl_assert.svh"

// One read port of the scratchpad: finds the one or two lines of a request and names their banks in
// the same cycle; in the next one takes the lines from the two data banks that it names and hands
// out the bytes rotated to the requested address. The data is zero after a fault and when nothing
// was requested.
//
// REQUIRES (a_first_byte_before_the_last, a_bytes_within_a_line): the touched bytes are some of the
// LineBytes.
module zahl_scratchpad_reader
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_scratchpad_pkg::*;
(
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  read_request_t                request_i,
  output logic          [LineBits-1:0] data_o,
  output logic                         fault_o,
  // The halves of the banks: even lines, odd lines.
  output logic                         even_enable_o,
  output logic          [ RowBits-1:0] even_row_o,
  output logic          [BankBits-1:0] even_bank_o,
  output logic          [BankBits-1:0] even_data_bank_o,  // a cycle later
  input  logic          [LineBits-1:0] even_data_i,
  output logic                         odd_enable_o,
  output logic          [ RowBits-1:0] odd_row_o,
  output logic          [BankBits-1:0] odd_bank_o,
  output logic          [BankBits-1:0] odd_data_bank_o,   // a cycle later
  input  logic          [LineBits-1:0] odd_data_i
);
  logic [OffsetBits-1:0] offset;
  line_place_t low, high;
  logic low_odd;
  logic touches_low, touches_high;
  logic fault, read;

  assign offset = request_i.address[OffsetBits-1:0];
  assign low_odd = request_i.address[OffsetBits];

  always_comb begin
    low = '0;
    high = '0;
    touches_low = 1'b0;
    touches_high = 1'b0;
    fault = 1'b0;
    if (request_i.valid) begin
      low = place_of(request_i.address[24:OffsetBits]);
      high = place_of(request_i.address[24:OffsetBits] + line_number_t'(1));
      touches_low = 8'(offset) + 8'(request_i.first) < 8'(LineBytes);
      touches_high = 8'(offset) + 8'(request_i.last) >= 8'(LineBytes);
      fault = (touches_low && !(low.exists && request_i.banks[5'(low.bank)])) ||
          (touches_high && !(high.exists && request_i.banks[5'(high.bank)]));
    end
  end
  assign read = request_i.valid && !fault;

  assign even_enable_o = read && (low_odd ? touches_high : touches_low);
  assign even_bank_o = low_odd ? high.bank : low.bank;
  assign even_row_o = low_odd ? high.row : low.row;
  assign odd_enable_o = read && (low_odd ? touches_low : touches_high);
  assign odd_bank_o = low_odd ? low.bank : high.bank;
  assign odd_row_o = low_odd ? low.row : high.row;

  logic read_q, fault_q, low_odd_q;
  logic [OffsetBits-1:0] offset_q;
  logic [BankBits-1:0] even_bank_q, odd_bank_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q <= 1'b0;
      fault_q <= 1'b0;
    end else begin
      read_q <= read;
      fault_q <= fault;
    end
  end
  always_ff @(posedge clk_i) begin
    if (read) begin
      low_odd_q <= low_odd;
      offset_q <= offset;
      even_bank_q <= even_bank_o;
      odd_bank_q <= odd_bank_o;
    end
  end

  assign even_data_bank_o = even_bank_q;
  assign odd_data_bank_o = odd_bank_q;
  assign fault_o = fault_q;

  always_comb begin
    data_o = '0;
    if (read_q) begin
      if (low_odd_q) data_o = LineBits'({even_data_i, odd_data_i} >> {offset_q, 3'b0});
      else data_o = LineBits'({odd_data_i, even_data_i} >> {offset_q, 3'b0});
    end
  end

  `ZAHL_ASSERT(a_first_byte_before_the_last, request_i.valid |-> request_i.first <= request_i.last)
  `ZAHL_ASSERT(a_bytes_within_a_line, request_i.valid |-> request_i.last < 7'(LineBytes))
  `ZAHL_ASSERT(a_read_touches_a_line, read |-> even_enable_o || odd_enable_o)
  `ZAHL_ASSERT(a_fault_touches_none, fault |-> !even_enable_o && !odd_enable_o)
  `ZAHL_ASSERT(a_zero_after_a_fault, fault_o |-> data_o == '0)
  `ZAHL_ASSERT(a_zero_without_a_request, !request_i.valid |=> data_o == '0)
  `ZAHL_ASSERT(a_fault_only_of_a_request, fault_o |-> $past(request_i.valid))
endmodule
