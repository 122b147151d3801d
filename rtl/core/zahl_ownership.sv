`include "rtl/base/zahl_assert.svh"

// Finds two units that hold the same read port, write port or accumulator bank (docs/machine.md,
// section 2). Combinational.
//
// The blame goes to the higher-numbered unit of the first pair in the order (load,store),
// (load,array), (load,post), (store,array), (store,post), (array,post): to the instruction that it
// started last.
module zahl_ownership
  import zahl_pkg::*;
  import zahl_core_pkg::*;
(
  input  claim_t [UnitCount-1:0] held_i,
  input  index_t [UnitCount-1:0] latest_index_i,  // of the instruction that the unit started last
  output cause_t                 cause_o
);
  always_comb begin
    cause_o = '{valid: 1'b0, code: ErrorOwnership, index: '0};
    // From the last pair to the first, so that the first one has the last word.
    for (int unsigned low = UnitCount - 1; low > 0; --low) begin
      for (int unsigned high = UnitCount - 1; high >= low; --high) begin
        if ((held_i[low-1] & held_i[high]) != '0) begin
          cause_o.valid = 1'b1;
          cause_o.index = latest_index_i[high];
        end
      end
    end
  end

  // verilog_format: off  // an assertion is cut where its sentence is
  `ZAHL_ASSERT_ALWAYS(a_nobody_to_blame_without_claims, held_i != '0 || !cause_o.valid)
  `ZAHL_ASSERT_ALWAYS(a_conflict_has_two_sides,
                      !cause_o.valid || !$onehot0({held_i[0] != '0, held_i[1] != '0,
                      held_i[2] != '0, held_i[3] != '0}))
endmodule
