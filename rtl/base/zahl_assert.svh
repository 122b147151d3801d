// Assertions of modules. Their names are sentences; a failed one stops the simulation with the
// cycle, the instance and what had to hold. Synthesis does not see them, nor does a simulation
// that is Verilated for speed: both define SYNTHESIS.
//
// ZAHL_ASSERT                holds at each rising edge of clk_i while rst_ni is 1
// ZAHL_ASSERT_WITHOUT_RESET  holds at each rising edge of clk_i, in a module that has no reset
// ZAHL_ASSERT_ALWAYS         holds whenever the values have settled, in a module without a clock
`ifndef ZAHL_ASSERT
`ifdef SYNTHESIS
`define ZAHL_ASSERT(Name, Property)
`define ZAHL_ASSERT_WITHOUT_RESET(Name, Property)
`define ZAHL_ASSERT_ALWAYS(Name, Property)
`else
`define ZAHL_ASSERT(Name, Property) \
  Name : assert property (@(posedge clk_i) disable iff (!rst_ni) (Property)) \
  else $error(`"Name: Property`");
`define ZAHL_ASSERT_WITHOUT_RESET(Name, Property) \
  Name : assert property (@(posedge clk_i) (Property)) \
  else $error(`"Name: Property`");
`define ZAHL_ASSERT_ALWAYS(Name, Property) \
  always_comb begin \
    Name : assert (Property) \
    else $error(`"Name: Property`"); \
  end
`endif
`endif
