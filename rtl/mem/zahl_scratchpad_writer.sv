`include "rtl/base/zahl_assert.svh"

// One write port of the scratchpad: cuts a request into its one or two lines and names their banks
// in the same cycle. A request with a fault enables none; fault_o tells in the next cycle. Only
// bytes with a strobe count as touched.
//
// REQUIRES (a_write_has_bytes): at least one strobe.
module zahl_scratchpad_writer
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_scratchpad_pkg::*;
(
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  write_request_t                 request_i,
  output logic                           fault_o,
  // The halves of the banks: even lines, odd lines.
  output logic                           even_enable_o,
  output logic           [ BankBits-1:0] even_bank_o,
  output logic           [  RowBits-1:0] even_row_o,
  output logic           [LineBytes-1:0] even_strobe_o,
  output logic           [ LineBits-1:0] even_data_o,
  output logic                           odd_enable_o,
  output logic           [ BankBits-1:0] odd_bank_o,
  output logic           [  RowBits-1:0] odd_row_o,
  output logic           [LineBytes-1:0] odd_strobe_o,
  output logic           [ LineBits-1:0] odd_data_o
);
  logic [OffsetBits-1:0] offset;
  line_place_t low, high;
  logic low_odd;
  logic [LineBytes-1:0] low_strobe, high_strobe;
  logic [LineBits-1:0] low_data, high_data;
  logic fault;

  assign offset = request_i.address[OffsetBits-1:0];
  assign low_odd = request_i.address[OffsetBits];

  always_comb begin
    low = '0;
    high = '0;
    {high_strobe, low_strobe} = '0;
    {high_data, low_data} = '0;
    fault = 1'b0;
    if (request_i.valid) begin
      low = place_of(request_i.address[24:OffsetBits]);
      high = place_of(request_i.address[24:OffsetBits] + line_number_t'(1));
      {high_strobe, low_strobe} = {LineBytes'(0), request_i.strobe} << offset;
      {high_data, low_data} = {LineBits'(0), request_i.data} << {offset, 3'b0};
      fault = (|low_strobe && !(low.exists && request_i.banks[5'(low.bank)])) ||
          (|high_strobe && !(high.exists && request_i.banks[5'(high.bank)]));
    end
  end

  logic write;
  assign write = request_i.valid && !fault;
  assign even_enable_o = write && (low_odd ? |high_strobe : |low_strobe);
  assign odd_enable_o = write && (low_odd ? |low_strobe : |high_strobe);
  assign even_bank_o = low_odd ? high.bank : low.bank;
  assign odd_bank_o = low_odd ? low.bank : high.bank;
  assign even_row_o = low_odd ? high.row : low.row;
  assign odd_row_o = low_odd ? low.row : high.row;
  assign even_strobe_o = low_odd ? high_strobe : low_strobe;
  assign odd_strobe_o = low_odd ? low_strobe : high_strobe;
  assign even_data_o = low_odd ? high_data : low_data;
  assign odd_data_o = low_odd ? low_data : high_data;

  logic fault_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) fault_q <= 1'b0;
    else fault_q <= fault;
  end
  assign fault_o = fault_q;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_write_has_bytes, request_i.valid |-> request_i.strobe != '0)
  `ZAHL_ASSERT(a_fault_touches_none, fault |-> !even_enable_o && !odd_enable_o)
  `ZAHL_ASSERT(a_write_touches_a_line, write |-> even_enable_o || odd_enable_o)
  `ZAHL_ASSERT(a_writes_each_byte_once,
               write |->
               $countones(even_strobe_o) + $countones(odd_strobe_o) == $countones(request_i.strobe))
  `ZAHL_ASSERT(a_fault_only_of_a_request, fault_o |-> $past(request_i.valid))
endmodule
