#include "tests/support/program_shrinker.h"

#include <algorithm>

#include "engines/reference/program_interpreter.h"
#include "tests/support/wait_assignment.h"

namespace zahl::test {
namespace {

// The program without the instructions [begin, begin + count), or nothing.
std::optional<RandomProgram> without(const RandomProgram& program, size_t begin, size_t count) {
  RandomProgram result = program;
  const auto first = result.words.begin() + static_cast<std::ptrdiff_t>(begin);
  result.words.erase(first, first + static_cast<std::ptrdiff_t>(count));
  if (result.words.empty()) return std::nullopt;
  if (program.mistake != Mistake::None) return result;

  std::vector<isa::Instruction> instructions;
  for (const isa::Word& word : result.words) instructions.push_back(*isa::decode(word));
  const auto ordered = with_minimal_waits(program.config, std::move(instructions));
  if (!ordered) return std::nullopt;
  std::ranges::transform(*ordered, result.words.begin(), isa::encode);
  if (reference::meets_unspecified_data(program.config, result.device_program()))
    return std::nullopt;
  return result;
}

}  // namespace

RandomProgram shrink(RandomProgram program,
                     const std::function<bool(const RandomProgram&)>& fails) {
  const bool only_from_end = program.mistake != Mistake::None;
  for (size_t chunk = std::max<size_t>(1, program.words.size() / 2); chunk > 0;) {
    bool has_shrunk = false;
    for (size_t end = program.words.size(); end >= chunk; end -= std::min(end, chunk)) {
      if (const auto smaller = without(program, end - chunk, chunk); smaller && fails(*smaller)) {
        program = *smaller;
        has_shrunk = true;
      }
      if (only_from_end) break;
    }
    if (!has_shrunk || chunk > program.words.size()) chunk /= 2;
  }
  return program;
}

}  // namespace zahl::test
