// Padding layers move into the convolutions and pools that read them.
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// Refuses padding that nothing can absorb.
void fold_padding(Network& network);

}  // namespace zahl::frontend
