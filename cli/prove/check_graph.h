// Level 1: the graph. Every edge on the device is an integer, every pair of the file is absorbed, every factor is
// M0 * 2^-n, every sum fits.
#pragma once

#include "cli/explain/explanation.h"
#include "cli/prove/level.h"

namespace zahl::cli {

Level check_graph(const Explanation& e);

}  // namespace zahl::cli
