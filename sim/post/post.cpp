#include "sim/post/post.h"

#include "contract/timing.h"

namespace zahl::sim {

Post::Post(sc_core::sc_module_name name, MachineState& state, Neighbours& neighbours,
           Storage& storage)
    : Unit(name, isa::Unit::Post, state, neighbours), storage_(storage) {}

void Post::start(const isa::Instruction& instruction, uint32_t sequence, Cycle s) {
  const PostContext context{state_.config, storage_, tables_, state_.compute_values};
  storage_.scratchpad.note_write(isa::common_of(instruction).write_banks);
  const auto run = [&](const auto& x) {
    if (!execute(x, context)) set_fault(sequence, isa::Error::Range);
    set_end(sequence, s + timing::post_cycles(x, state_.config));
  };
  if (const auto* drain = std::get_if<isa::Drain>(&instruction)) return run(*drain);
  if (const auto* eltwise = std::get_if<isa::Eltwise>(&instruction)) return run(*eltwise);
  if (const auto* table = std::get_if<isa::SetTable>(&instruction)) return run(*table);
  run(std::get<isa::Softmax>(instruction));
}

}  // namespace zahl::sim
