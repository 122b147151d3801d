// From steps to one sequence of instructions, with loads moved ahead of the work before them.
#pragma once

#include <vector>

#include "compiler/lower/step.h"

namespace zahl::emit {

// Bodies keep their order, and so do loads. A load comes before the first instruction that needs
// it, and earlier as long as no more than `ahead` loads are ahead of their need and it neither
// overwrites what instructions in between still read nor reads what they still write. A short queue
// of early loads hides their latency; a long one would keep dispatch from what is needed now.
std::vector<lower::Planned> order_steps(std::vector<lower::Step> steps, int ahead);

}  // namespace zahl::emit
