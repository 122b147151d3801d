`include "rtl/base/zahl_assert.svh"

// The counters of isa/isa.toml, 48 bits each. What is so in running cycle t is counted at t + 1;
// start sets all to 0 but `cycles`, which counts from the write of the start register and so reads
// as the number of the cycle. Of the counters of a unit exactly one counts in each running cycle.
//
// REQUIRES (a_start_only_when_stopped): start_i never comes while running.
// REQUIRES (a_unit_waits_for_one): at most one bit of `waiting` of a unit.
module zahl_counters
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                            clk_i,
  input  logic                            rst_ni,
  input  logic                            start_i,
  input  logic                            running_i,
  input  dispatch_state_t                 dispatch_i,    // in this cycle
  input  logic                            read_beat_i,
  input  logic                            write_beat_i,
  input  unit_state_t     [UnitCount-1:0] units_i,       // in this cycle
  input  logic            [          4:0] select_i,
  output logic            [         47:0] value_o
);
  // busy, waits in the order of the units, idle.
  function automatic logic [UnitCount+1:0] kind(input unit_state_t state);
    if (state.busy) return (UnitCount + 2)'(1);
    if (state.weights) return '0;
    if (state.waiting != '0) return {1'b0, state.waiting, 1'b0};
    return (UnitCount + 2)'(1) << (UnitCount + 1);
  endfunction

  logic [CounterCount-1:0] event_now;
  logic [UnitCount+1:0] array_kind;

  assign array_kind = kind(units_i[UnitArray]);
  always_comb begin
    event_now = '0;
    event_now[CounterCycles] = 1'b1;
    event_now[CounterDispatchFull] = dispatch_i.full;
    event_now[CounterDispatchEmpty] = dispatch_i.empty;
    event_now[CounterReadBeats] = read_beat_i;
    event_now[CounterWriteBeats] = write_beat_i;
    event_now[CounterLoadIdle:CounterLoadBusy] = kind(units_i[UnitLoad]);
    event_now[CounterStoreIdle:CounterStoreBusy] = kind(units_i[UnitStore]);
    event_now[CounterArrayBusy] = array_kind[0];
    event_now[CounterArrayWeights] = units_i[UnitArray].weights && !units_i[UnitArray].busy;
    event_now[CounterArrayIdle:CounterArrayWaitLoad] = array_kind[UnitCount+1:1];
    event_now[CounterPostIdle:CounterPostBusy] = kind(units_i[UnitPost]);
  end

  logic [47:0] counters_q[CounterCount];
  for (genvar n = 0; n < CounterCount; ++n) begin : gen_counter
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) counters_q[n] <= '0;
      else if (start_i) counters_q[n] <= n == CounterCycles ? 48'd1 : 48'd0;
      else if (running_i && event_now[n]) counters_q[n] <= counters_q[n] + 1'b1;
    end
  end

  assign value_o = select_i < 5'(CounterCount) ? counters_q[select_i] : '0;

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT(a_start_only_when_stopped, start_i |-> !running_i)
  `ZAHL_ASSERT(a_one_counter_of_load, $onehot(event_now[CounterLoadIdle:CounterLoadBusy]))
  `ZAHL_ASSERT(a_one_counter_of_store, $onehot(event_now[CounterStoreIdle:CounterStoreBusy]))
  `ZAHL_ASSERT(a_one_counter_of_array,
               $onehot({event_now[CounterArrayBusy], event_now[CounterArrayWeights],
               event_now[CounterArrayIdle:CounterArrayWaitLoad]}))
  `ZAHL_ASSERT(a_one_counter_of_post, $onehot(event_now[CounterPostIdle:CounterPostBusy]))
  `ZAHL_ASSERT(a_never_both_full_and_empty, !(dispatch_i.full && dispatch_i.empty))
  for (genvar unit = 0; unit < UnitCount; ++unit) begin : gen_waits
    `ZAHL_ASSERT(a_unit_waits_for_one, $onehot0(units_i[unit].waiting))
  end
  `ZAHL_ASSERT(a_counter_never_wraps, value_o != '1)
endmodule
