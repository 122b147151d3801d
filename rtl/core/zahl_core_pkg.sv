// What the parts of the core tell one another.
package zahl_core_pkg;
  import zahl_pkg::*;

  typedef common_wait_load_t token_t;  // one count a unit, all of one width
  localparam int unsigned TokenBits = $bits(token_t);
  typedef logic [31:0] index_t;  // position in the program

  // What an instruction owns from start to end.
  typedef struct packed {
    common_read_banks_t read_banks;
    common_write_banks_t write_banks;
    common_accumulator_banks_t accumulator_banks;
  } claim_t;

  // The program's queue as dispatch sees it: what the counters want to know in this cycle.
  typedef struct packed {
    logic full;   // the next instruction was fetched but its queue is full
    logic empty;  // instructions are left but none has been fetched
  } dispatch_state_t;

  // One unit in this cycle. At most one bit of waiting, for the first unit whose token is missing.
  typedef struct packed {
    logic busy;
    logic weights;  // array only
    logic [UnitCount-1:0] waiting;
  } unit_state_t;

  // Why the machine should stop, and which instruction is to blame.
  typedef struct packed {
    logic valid;
    error_e code;
    index_t index;
  } cause_t;

  // Starts and ends of instructions in this cycle; an end is shown in the first cycle in which its
  // token is visible.
  typedef struct packed {
    logic [UnitCount-1:0] end_valid;
    logic [UnitCount-1:0] start_valid;
    index_t [UnitCount-1:0] end_index;
    index_t [UnitCount-1:0] start_index;
  } trace_t;

endpackage
