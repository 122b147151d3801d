// TFLite's operators as layers.
#pragma once

#include <span>

#include "compiler/frontend/network.h"

namespace zahl::frontend {

// With `left`, operators that cannot be read are listed there instead of refused.
Network read_tflite(std::span<const uint8_t> bytes, std::vector<LeftInFloat>* left = nullptr);

}  // namespace zahl::frontend
