// Padding layers move into the convolutions and pools that read them; where one cannot, the padded
// map is put together.
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// Afterwards no layer is padding.
void fold_padding(Network& network);

}  // namespace zahl::frontend
