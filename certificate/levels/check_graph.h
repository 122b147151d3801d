// Level 1: the graph. Every edge on the device is an integer, every pair of the file is absorbed,
// every factor is M0 * 2^-n, every sum fits.
#pragma once

#include "certificate/levels/level.h"
#include "explain/explanation.h"

namespace zahl::certificate {

Level check_graph(const explain::Explanation& e);

}  // namespace zahl::certificate
