// The requests that the units make of scratchpad and accumulators. A request given in cycle t is
// answered (data, fault) in cycle t + 1. `banks` is the claim of the instruction; a touched byte or
// vector in a bank outside it, or past the end of the memory, is a fault: the write is dropped, the
// read gives zeros.
package zahl_base_pkg;
  import zahl_pkg::*;

  // Reads LineBytes bytes from byte `address` on; byte i of the answer is memory byte address + i.
  // Only the bytes first .. last are touched, the others of the answer are unspecified; `address`
  // itself may be negative.
  typedef struct packed {
    logic valid;
    logic signed [24:0] address;
    logic [6:0] first;
    logic [6:0] last;
    common_read_banks_t banks;
  } read_request_t;

  // Writes byte i to address + i where strobe[i]; readable by a request in the next cycle.
  typedef struct packed {
    logic valid;
    logic [24:0] address;
    logic [LineBytes-1:0] strobe;
    logic [LineBytes*8-1:0] data;
    common_write_banks_t banks;
  } write_request_t;

  typedef struct packed {
    logic valid;
    logic [12:0] index;
    common_accumulator_banks_t banks;
  } accumulator_request_t;

endpackage
