// From steps to one sequence of instructions, with loads moved ahead of the work before them.
#pragma once

#include <vector>

#include "compiler/schedule/step.h"

namespace zahl::emit {

// Loads of a step come before the bodies of up to `distance` earlier steps, as far as they neither overwrite what those
// still read nor read what those still write.
std::vector<schedule::Planned> order_steps(std::vector<schedule::Step> steps, int distance);

}  // namespace zahl::emit
