// What the modules of the post unit pass to one another.
package zahl_post_pkg;
  import zahl_pkg::*;
  import zahl_base_pkg::*;

  // Wide enough for the sum of any start and any number of steps, so that an address past the end
  // cannot wrap around to a valid one.
  typedef logic [37:0] address_t;

  // One result vector on its way to the scratchpad: `bytes` bytes at `address`.
  typedef struct packed {
    logic valid;
    logic last;  // the instruction ends with this write
    logic fits;  // the address has no more than 24 bits; otherwise the write must fault
    logic [23:0] address;
    logic [6:0] bytes;
  } issue_t;

  function automatic issue_t issue(input address_t address, input logic [6:0] bytes,
                                   input logic last);
    return
    '{
        valid: 1'b1,
        last: last,
        fits: address[37:24] == '0,
        address: address[23:0],
        bytes: bytes
    }
    ;
  endfunction

  // A read of `bytes` bytes. Where the port cannot hold the address the claim is empty, which makes
  // the access fault.
  function automatic read_request_t read(input address_t address, input logic [6:0] bytes,
                                         input logic [31:0] banks);
    return
    '{
        valid: 1'b1,
        address: {1'b0, address[23:0]},
        first: '0,
        last: bytes - 7'd1,
        banks: address[37:24] == '0 ? banks : '0
    }
    ;
  endfunction
  // What requantizer and table do for the instruction in flight.
  typedef struct packed {
    logic [31:0] write_banks;
    logic has_uniform;  // m0 and shift serve all lanes
    logic [30:0] m0;
    logic [5:0] shift;
    rounding_e rounding;
    logic signed [7:0] zero_point;
    logic signed [7:0] low;
    logic signed [7:0] high;
    logic use_table;
    logic table_slot;
  } settings_t;
endpackage
