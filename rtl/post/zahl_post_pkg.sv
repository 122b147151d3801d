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
    drain_result_t address;
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
                                         input common_read_banks_t banks);
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
    common_write_banks_t write_banks;
    logic has_uniform;  // m0 and shift serve all lanes
    drain_m0_t m0;
    drain_shift_t shift;
    rounding_e rounding;
    drain_zero_point_t zero_point;
    drain_low_t low;
    drain_high_t high;
    drain_use_table_t use_table;
    drain_table_slot_t table_slot;
  } settings_t;
endpackage
