// What the parts of load and store tell one another.
package zahl_dma_pkg;
  import zahl_pkg::*;

  localparam int unsigned BusOffsetBits = $clog2(BusBytes);
  typedef logic [BusOffsetBits-1:0] bus_offset_t;

  // A piece of a row that one AXI burst carries.
  typedef struct packed {
    load_dram_t address;             // in DRAM, of the first byte, rounded down to the bus
    logic [8:0] beats;
    bus_offset_t first;              // place of the first byte in the first beat
    bus_offset_t last;               // place of the last byte in the last beat
    logic signed [24:0] scratchpad;  // of byte 0 of the first beat; negative if that is not its own
    logic ends_instruction;
  } burst_t;

  // A read burst on its way: where its beats go.
  typedef struct packed {
    logic signed [24:0] scratchpad;
    bus_offset_t first;
    bus_offset_t last;
    common_write_banks_t banks;
    logic ends_instruction;
  } load_burst_t;

endpackage
