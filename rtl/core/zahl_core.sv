`include "rtl/base/zahl_assert.svh"

// Everything between the registers and the units: dispatch, queues, tokens, claims, counters,
// errors.
//
// A unit takes start_o with its instruction in the cycle s of docs/machine.md; its end_i comes in
// cycle e - 1, its fault_i and bus_error_i are read in cycle e. ready_i depends on the unit's
// registers alone.
//
// REQUIRES (a_end_only_in_flight): a unit ends only what it has started.
// REQUIRES (a_stream_only_in_flight): the array streams only while it has an instruction.
module zahl_core
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  logic                                              clk_i,
  input  logic                                              rst_ni,
  // Registers.
  input  logic                                              start_i,
  input  logic                                              clear_i,
  input  index_t                                            count_i,
  input  logic   [               31:0]                      watchdog_i,
  input  logic   [                4:0]                      counter_select_i,
  output logic   [               47:0]                      counter_value_o,
  output logic                                              running_o,
  output logic                                              enable_o,
  output logic                                              done_o,
  output error_e                                            error_o,
  output index_t                                            error_index_o,
  // Fetch.
  input  logic                                              head_valid_i,
  input  logic   [InstructionBits-1:0]                      head_i,
  input  logic                                              head_error_i,
  output logic                                              take_o,
  input  logic                                              fetch_quiet_i,
  // Units.
  input  logic   [      UnitCount-1:0]                      ready_i,
  input  logic   [      UnitCount-1:0]                      end_i,             // cycle e - 1
  input  logic   [      UnitCount-1:0]                      fault_i,           // cycle e
  input  logic   [      UnitCount-1:0]                      bus_error_i,       // cycle e
  output logic   [      UnitCount-1:0]                      start_o,
  output logic   [      UnitCount-1:0][InstructionBits-1:0] instruction_o,
  input  logic                                              streaming_i,
  input  logic                                              holding_i,
  // Transfers on the AXI4 channels in this cycle.
  input  logic                                              read_beat_i,
  input  logic                                              write_beat_i,
  input  logic                                              other_transfer_i,
  output trace_t                                            trace_o
);
  // At most this many instructions of each unit are in flight. The array holds one that streams,
  // one whose weights are on their way and one whose last sums are; post holds one, and a queue has
  // at least two places.
  localparam int unsigned InFlight[UnitCount] = '{DmaInstructions, DmaInstructions, 4, 2};

  logic enable;
  logic [UnitCount-1:0] full, push, in_flight, ended, start;
  logic [UnitCount-1:0][UnitCount-1:0] waiting;
  index_t dispatch_index;
  index_t [UnitCount-1:0] start_index, latest_index, ended_index;
  token_t [UnitCount-1:0] done;
  claim_t [UnitCount-1:0] held;
  unit_state_t [UnitCount-1:0] unit_state;
  dispatch_state_t dispatch_state;
  logic all_dispatched, tokens_equal;
  cause_t illegal, ownership, watchdog;
  cause_t [UnitCount-1:0] fault;

  zahl_dispatch u_dispatch (
    .clk_i,
    .rst_ni,
    .start_i,
    .count_i,
    .enable_i        (enable),
    .head_valid_i,
    .head_i,
    .head_error_i,
    .take_o,
    .full_i          (full),
    .push_o          (push),
    .index_o         (dispatch_index),
    .all_dispatched_o(all_dispatched),
    .cause_o         (illegal),
    .state_o         (dispatch_state)
  );

  zahl_tokens u_tokens (
    .clk_i,
    .rst_ni,
    .clear_i     (start_i),
    .dispatched_i(push),
    .end_i,
    .done_o      (done),
    .all_ended_o (tokens_equal)
  );

  for (genvar unit = 0; unit < UnitCount; ++unit) begin : gen_unit
    common_t started;
    claim_t claim;

    zahl_issue u_issue (
      .clk_i,
      .rst_ni,
      .clear_i      (start_i),
      .push_i       (push[unit]),
      .instruction_i(head_i),
      .index_i      (dispatch_index),
      .full_o       (full[unit]),
      .done_i       (done),
      .enable_i     (enable),
      .ready_i      (ready_i[unit]),
      .start_o      (start[unit]),
      .instruction_o(instruction_o[unit]),
      .index_o      (start_index[unit]),
      .waiting_o    (waiting[unit])
    );

    assign started = common_t'(instruction_o[unit]);
    assign claim = '{
            read_banks: started.read_banks,
            write_banks: started.write_banks,
            accumulator_banks: started.accumulator_banks
        };
    logic unused_fields;
    assign unused_fields = ^started;

    zahl_claims #(
      .Depth(InFlight[unit])
    ) u_claims (
      .clk_i,
      .rst_ni,
      .start_i       (start[unit]),
      .index_i       (start_index[unit]),
      .claim_i       (claim),
      .end_i         (end_i[unit]),
      .in_flight_o   (in_flight[unit]),
      .held_o        (held[unit]),
      .latest_index_o(latest_index[unit]),
      .ended_o       (ended[unit]),
      .ended_index_o (ended_index[unit])
    );

    assign fault[unit] = '{
            valid: ended[unit] && (fault_i[unit] || bus_error_i[unit]),
            code: fault_i[unit] ? ErrorRange : ErrorBus,
            index: ended_index[unit]
        };
    assign unit_state[unit] = '{
            busy: unit == 32'(UnitArray) ? streaming_i : start[unit] || in_flight[unit],
            weights: unit == 32'(UnitArray) && (holding_i || start[unit]),
            waiting: waiting[unit]
        };
  end
  assign start_o = start;

  zahl_ownership u_ownership (
    .held_i        (held),
    .latest_index_i(latest_index),
    .cause_o       (ownership)
  );

  zahl_watchdog u_watchdog (
    .clk_i,
    .rst_ni,
    .start_i,
    .running_i (running_o),
    .progress_i(start != '0 || ended != '0 || read_beat_i || write_beat_i || other_transfer_i),
    .limit_i   (watchdog_i),
    .index_i   (dispatch_index),
    .cause_o   (watchdog)
  );

  zahl_control #(
    .Causes(UnitCount + 3)
  ) u_control (
    .clk_i,
    .rst_ni,
    .start_i,
    .clear_i,
    .causes_i   ({watchdog, fault, ownership, illegal}),
    .all_ended_i(all_dispatched && tokens_equal),
    .quiet_i    (in_flight == '0 && fetch_quiet_i),
    .running_o,
    .enable_o   (enable),
    .done_o,
    .error_o,
    .error_index_o
  );
  assign enable_o = enable;

  zahl_counters u_counters (
    .clk_i,
    .rst_ni,
    .start_i,
    .running_i (running_o),
    .dispatch_i(dispatch_state),
    .read_beat_i,
    .write_beat_i,
    .units_i   (unit_state),
    .select_i  (counter_select_i),
    .value_o   (counter_value_o)
  );

  assign trace_o = '{
          end_valid: ended,
          start_valid: start,
          end_index: ended_index,
          start_index: start_index
      };

  `ZAHL_ASSERT(a_end_only_in_flight, (end_i & ~in_flight) == '0)
  `ZAHL_ASSERT(a_stream_only_in_flight, streaming_i |-> in_flight[UnitArray])
  `ZAHL_ASSERT(a_start_only_when_ready, (start & ~ready_i) == '0)
  `ZAHL_ASSERT(a_start_only_when_enabled, start != '0 |-> enable)
  `ZAHL_ASSERT(a_nothing_in_flight_when_stopped, running_o || in_flight == '0)
  `ZAHL_ASSERT(a_fetch_is_quiet_when_stopped, running_o || fetch_quiet_i)
  `ZAHL_ASSERT(a_take_only_what_is_there, take_o |-> head_valid_i && enable)
  `ZAHL_ASSERT(a_conflict_is_an_error, ownership.valid && running_o |=> error_o != ErrorNone)
endmodule
