// Functions of one byte.
#pragma once

#include "compiler/frontend/tflite/context.h"

namespace zahl::frontend {

// A change of scale and zero point.
void read_rescale(TfliteContext& c, const TfliteFile::Operator& op);

}  // namespace zahl::frontend
