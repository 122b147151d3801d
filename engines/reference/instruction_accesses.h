// Every access that an instruction makes to the scratchpad, the accumulators, the line memory and
// DRAM, straight from docs/machine.md, sections 6 to 8. The interpreter checks faults with it, the
// hazard oracle and the program generator take footprints from it.
//
// The only access that depends on data is softmax's into its exponentials; all 256 entries are
// given instead.
#pragma once

#include <cstdint>
#include <functional>

#include "generated/isa.h"
#include "isa/encoding.h"

namespace zahl::reference {

enum class Space : uint8_t { Scratchpad, Accumulators, LineMemory, Dram };

// `address` and `size` are in bytes, for accumulators in vectors, for the line memory in places: it
// is read where a resumed window takes the rows above from it.
struct Access {
  Space space = Space::Scratchpad;
  bool is_write = false;
  int64_t address = 0;
  int64_t size = 0;
};

using AccessVisitor = std::function<void(const Access&)>;

// Visits the accesses in the order in which the instruction makes them. A DRAM access is one
// burst's bytes.
void for_each_access(const hw::Config& config, const isa::Instruction& instruction,
                     const AccessVisitor& visit);

// Pixels that a depthwise pass streams: rows and columns of the input under the output tile.
int64_t streamed_rows(const isa::Depthwise& x);
int64_t streamed_columns(const isa::Depthwise& x);
// The place of a block's first pixel in the line memory.
int64_t first_place(const isa::Depthwise& x, int64_t block);

// Bytes of channel parameters of one block of a drain.
int64_t parameter_bytes(const hw::Config& config, bool uniform);

}  // namespace zahl::reference
