#include "analysis/listing.h"

#include <fmt/format.h>

#include "isa/encoding.h"

namespace zahl::analysis {

std::string listing(const Program& program) {
  std::string text;
  for (size_t i = 0; i < program.instructions.size(); ++i) {
    const int32_t layer = program.layer_of_instruction[i];
    const std::string name = layer >= 0 ? program.layers[static_cast<size_t>(layer)].name : "";
    text += fmt::format("{:>6}  {}  ; {}\n", i, isa::disassemble(program.instructions[i]), name);
  }
  return text;
}

std::string stop_sentence(const RunResult& run, const Program& program) {
  const std::string what = run.error_index < program.instructions.size()
                               ? isa::disassemble(program.instructions[run.error_index])
                               : "past the end";
  return fmt::format("the machine stopped: {} at instruction {} ({})",
                     isa::kErrorNames[static_cast<size_t>(run.error)], run.error_index, what);
}

}  // namespace zahl::analysis
