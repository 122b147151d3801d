#include "compiler/check/line_memory.h"

#include <fmt/format.h>

namespace zahl::check {

std::string LineMemory::pass(const isa::Depthwise& x) {
  if (x.tap_rows == 1) return "";
  const int64_t pixels = (int64_t{x.out_columns} - 1) * x.x_step + x.tap_columns;
  const int64_t skipped =
      x.pairs != 0 ? pixels % 2 : 0;  // the half of the first pair that is no pixel
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    const int64_t base = int64_t{x.line_base} + block * x.line_step, end = base + skipped + pixels;
    const auto places = static_cast<int64_t>(passed_.size());
    if (end > places) return fmt::format("uses place {} of the line memory of {}", end - 1, places);
    for (int64_t place = base + skipped; place < end; ++place) {
      if (x.resume != 0 && !passed_[static_cast<size_t>(place)]) {
        return fmt::format("resumes at place {} of the line memory, which no row has passed",
                           place);
      }
      passed_[static_cast<size_t>(place)] = true;
    }
    if (skipped != 0) passed_[static_cast<size_t>(base)] = false;
  }
  return "";
}

}  // namespace zahl::check
