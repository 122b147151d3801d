// The independent checker: a program is refused unless its waits order everything that must be
// ordered.
//
// Written from docs/machine.md, without the emitter's book-keeping: byte ranges come from the
// instructions themselves.
#pragma once

#include <string>

#include "contract/program.h"

namespace zahl::check {

// Empty, or one sentence that names the instructions and the reason. Proves that waits name earlier
// instructions only (no deadlock), every address is inside the memory it is meant for and inside
// the claimed banks, resumed windows go on below rows that passed the same places of the line
// memory, and two instructions of different units that share a byte (one writing), a port or an
// accumulator bank are ordered by tokens.
std::string check_program(const Program& program);

}  // namespace zahl::check
