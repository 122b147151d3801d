// Which places of the array's line memory rows have passed (docs/machine.md, section 7).
#pragma once

#include <string>
#include <vector>

#include "generated/isa.h"

namespace zahl::check {

class LineMemory {
 public:
  explicit LineMemory(const hw::Config& config)
      : passed_(static_cast<size_t>(config.line_buffer_pixels)) {}

  // Lets the rows of a window pass. Empty, or what is wrong: a place outside the memory, or one
  // that a resumed window reads and that no row has passed before.
  std::string pass(const isa::Depthwise& x);

 private:
  std::vector<bool> passed_;
};

}  // namespace zahl::check
