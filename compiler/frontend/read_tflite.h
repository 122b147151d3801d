// TFLite's operators as layers.
#pragma once

#include <span>

#include "compiler/frontend/network.h"

namespace zahl::frontend {

Network read_tflite(std::span<const uint8_t> bytes);

}  // namespace zahl::frontend
