`include "rtl/base/zahl_assert.svh"

// The scratchpad: ScratchpadBanks banks, five read ports and two write ports in front of them. Any
// LineBytes bytes in a row can be read or written each cycle, since neighbouring lines lie in
// different halves of a bank. Data and faults come in the cycle after the request. The two streams
// of one unit (source and weights, a and b) may lie in one bank. When two units read or write the
// same bank in one cycle, the result is unspecified: ownership is checked elsewhere.
module zahl_scratchpad
  import zahl_pkg::*;
  import zahl_base_pkg::*;
  import zahl_scratchpad_pkg::*;
(
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  read_request_t                    store_read_i,
  output logic           [LineBytes*8-1:0] store_data_o,
  output logic                             store_fault_o,
  input  read_request_t                    source_read_i,
  output logic           [LineBytes*8-1:0] source_data_o,
  output logic                             source_fault_o,
  input  read_request_t                    weights_read_i,
  output logic           [LineBytes*8-1:0] weights_data_o,
  output logic                             weights_fault_o,
  input  read_request_t                    a_read_i,
  output logic           [LineBytes*8-1:0] a_data_o,
  output logic                             a_fault_o,
  input  read_request_t                    b_read_i,
  output logic           [LineBytes*8-1:0] b_data_o,
  output logic                             b_fault_o,
  input  write_request_t                   load_write_i,
  output logic                             load_write_fault_o,
  input  write_request_t                   post_write_i,
  output logic                             post_write_fault_o
);
  // What the banks read last.
  logic [LineBits-1:0] even_first[ScratchpadBanks];
  logic [LineBits-1:0] odd_first[ScratchpadBanks];
  logic [LineBits-1:0] even_second[ScratchpadBanks];
  logic [LineBits-1:0] odd_second[ScratchpadBanks];

  read_request_t [Readers-1:0] read;
  assign read = {b_read_i, weights_read_i, a_read_i, source_read_i, store_read_i};

  logic [Readers-1:0] even_read, odd_read;
  logic [Readers*BankBits-1:0] even_read_bank, odd_read_bank;
  logic [Readers*RowBits-1:0] even_read_row, odd_read_row;
  logic [Readers*LineBits-1:0] data;
  logic [Readers-1:0] read_fault;
  for (genvar i = 0; i < Readers; i++) begin : gen_reader
    logic [BankBits-1:0] even_data_bank, odd_data_bank;
    logic [LineBits-1:0] even_data, odd_data;
    if (i < FirstReaders) begin : gen_first
      assign even_data = even_first[even_data_bank];
      assign odd_data = odd_first[odd_data_bank];
    end else begin : gen_second
      assign even_data = even_second[even_data_bank];
      assign odd_data = odd_second[odd_data_bank];
    end
    zahl_scratchpad_reader u_reader (
      .clk_i,
      .rst_ni,
      .request_i       (read[i]),
      .data_o          (data[i*LineBits+:LineBits]),
      .fault_o         (read_fault[i]),
      .even_enable_o   (even_read[i]),
      .even_row_o      (even_read_row[i*RowBits+:RowBits]),
      .even_bank_o     (even_read_bank[i*BankBits+:BankBits]),
      .even_data_bank_o(even_data_bank),
      .even_data_i     (even_data),
      .odd_enable_o    (odd_read[i]),
      .odd_row_o       (odd_read_row[i*RowBits+:RowBits]),
      .odd_bank_o      (odd_read_bank[i*BankBits+:BankBits]),
      .odd_data_bank_o (odd_data_bank),
      .odd_data_i      (odd_data)
    );
  end
  assign {b_data_o, weights_data_o, a_data_o, source_data_o, store_data_o} = data;
  assign {b_fault_o, weights_fault_o, a_fault_o, source_fault_o, store_fault_o} = read_fault;

  write_request_t [Writers-1:0] write;
  assign write = {post_write_i, load_write_i};

  logic [Writers-1:0] even_write, odd_write;
  logic [Writers*BankBits-1:0] even_write_bank, odd_write_bank;
  logic [Writers*RowBits-1:0] even_write_row, odd_write_row;
  logic [Writers*LineBytes-1:0] even_write_strobe, odd_write_strobe;
  logic [Writers*LineBits-1:0] even_write_data, odd_write_data;
  logic [Writers-1:0] write_fault;
  for (genvar i = 0; i < Writers; i++) begin : gen_writer
    zahl_scratchpad_writer u_writer (
      .clk_i,
      .rst_ni,
      .request_i    (write[i]),
      .fault_o      (write_fault[i]),
      .even_enable_o(even_write[i]),
      .even_bank_o  (even_write_bank[i*BankBits+:BankBits]),
      .even_row_o   (even_write_row[i*RowBits+:RowBits]),
      .even_strobe_o(even_write_strobe[i*LineBytes+:LineBytes]),
      .even_data_o  (even_write_data[i*LineBits+:LineBits]),
      .odd_enable_o (odd_write[i]),
      .odd_bank_o   (odd_write_bank[i*BankBits+:BankBits]),
      .odd_row_o    (odd_write_row[i*RowBits+:RowBits]),
      .odd_strobe_o (odd_write_strobe[i*LineBytes+:LineBytes]),
      .odd_data_o   (odd_write_data[i*LineBits+:LineBits])
    );
  end
  assign {post_write_fault_o, load_write_fault_o} = write_fault;

  // The enables of each bank, padded to a power of two.
  localparam int unsigned ReaderBits = $clog2(Readers);
  localparam int unsigned WriterBits = $clog2(Writers);
  /* verilator lint_off UNUSEDSIGNAL */
  logic [(ScratchpadBanks<<ReaderBits)-1:0] even_read_enable, odd_read_enable;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [(ScratchpadBanks<<WriterBits)-1:0] even_write_enable, odd_write_enable;
  always_comb begin
    even_read_enable = '0;
    odd_read_enable = '0;
    even_write_enable = '0;
    odd_write_enable = '0;
    for (int unsigned i = 0; i < Readers; i++) begin
      if (even_read[i])
        even_read_enable[{even_read_bank[i*BankBits+:BankBits], ReaderBits'(i)}] = 1'b1;
      if (odd_read[i])
        odd_read_enable[{odd_read_bank[i*BankBits+:BankBits], ReaderBits'(i)}] = 1'b1;
    end
    for (int unsigned i = 0; i < Writers; i++) begin
      if (even_write[i])
        even_write_enable[{even_write_bank[i*BankBits+:BankBits], WriterBits'(i)}] = 1'b1;
      if (odd_write[i])
        odd_write_enable[{odd_write_bank[i*BankBits+:BankBits], WriterBits'(i)}] = 1'b1;
    end
  end

  for (genvar b = 0; b < ScratchpadBanks; b++) begin : gen_bank
    zahl_scratchpad_bank u_even (
      .clk_i,
      .read_enable_i (even_read_enable[(b<<ReaderBits)+:Readers]),
      .read_row_i    (even_read_row),
      .first_data_o  (even_first[b]),
      .second_data_o (even_second[b]),
      .write_enable_i(even_write_enable[(b<<WriterBits)+:Writers]),
      .write_row_i   (even_write_row),
      .write_strobe_i(even_write_strobe),
      .write_data_i  (even_write_data)
    );
    zahl_scratchpad_bank u_odd (
      .clk_i,
      .read_enable_i (odd_read_enable[(b<<ReaderBits)+:Readers]),
      .read_row_i    (odd_read_row),
      .first_data_o  (odd_first[b]),
      .second_data_o (odd_second[b]),
      .write_enable_i(odd_write_enable[(b<<WriterBits)+:Writers]),
      .write_row_i   (odd_write_row),
      .write_strobe_i(odd_write_strobe),
      .write_data_i  (odd_write_data)
    );
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_each_even_read_has_its_bank, $countones(even_read_enable) == $countones(even_read))
  `ZAHL_ASSERT(a_each_odd_read_has_its_bank, $countones(odd_read_enable) == $countones(odd_read))
  `ZAHL_ASSERT(a_each_even_write_has_its_bank,
               $countones(even_write_enable) == $countones(even_write))
  `ZAHL_ASSERT(a_each_odd_write_has_its_bank, $countones(odd_write_enable) == $countones(odd_write))
endmodule
