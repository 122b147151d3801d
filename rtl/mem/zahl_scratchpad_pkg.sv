// How the scratchpad is cut: banks, each of an even and an odd half with every second line, each
// half BankRows lines.
package zahl_scratchpad_pkg;
  import zahl_pkg::*;

  // Readers 0 to 2 are the first streams of store, array and post, 3 and 4 the second ones of array
  // and post.
  localparam int unsigned FirstReaders = 3;
  localparam int unsigned Readers = 5;
  localparam int unsigned Writers = 2;
  localparam int unsigned LineBits = 8 * LineBytes;
  localparam int unsigned OffsetBits = $clog2(LineBytes);
  localparam int unsigned BankRows = ScratchpadBankBytes / LineBytes / 2;
  localparam int unsigned RowBits = $clog2(BankRows);
  localparam int unsigned BankBits = $clog2(ScratchpadBanks);

  // A line of memory as a request names it: 25 address bits without the offset, two's complement.
  localparam int unsigned NumberBits = 25 - OffsetBits;
  typedef logic [NumberBits-1:0] line_number_t;

  // Where in the even or the odd lines (bit 0 of the number tells which) a line lies. The lines of
  // an unaligned access are neighbours, so one is even and one odd. Lines past the end and negative
  // ones do not exist.
  typedef struct packed {
    logic exists;
    logic [BankBits-1:0] bank;
    logic [RowBits-1:0] row;
  } line_place_t;

  function automatic line_place_t place_of(input line_number_t number);
    line_place_t place;
    place.exists = (number >> (BankBits + RowBits + 1)) == '0;
    {place.bank, place.row} = number[BankBits+RowBits:1];
    return place;
  endfunction

endpackage
