// The naive machine: executes the instructions of a DRAM image in program order, one byte and one
// product at a time, as docs/machine.md, sections 6 to 8, says what they do. It knows no time, no
// units and no tokens; a program whose waits order its hazards (tests/support/hazard_check.h) gives
// the same bytes on every engine. Linked into tests and into the command line's reference engine
// alone.
#pragma once

#include "contract/run.h"
#include "generated/isa.h"

namespace zahl::reference {

// Fills `memory`, `error` and `error_index`. The first instruction of the program that is illegal,
// makes an access outside its claims or the memories (`range`), or a DRAM burst past the end
// (`bus`) ends the run; its own effects are left out. Errors of time (ownership, watchdog) are not
// seen.
RunResult interpret(const hw::Config& config, const DeviceProgram& program);

// True when an instruction meets data for which its meaning is not laid down: multipliers from 2^31
// or shifts from 64 on in channel parameters, weights beyond a window's taps that are not the idle
// value, rows above a resumed window that nothing put there, exponentials below 0 or so small that
// a sum of them is 0. Engines may then differ.
bool meets_unspecified_data(const hw::Config& config, const DeviceProgram& program);

}  // namespace zahl::reference
