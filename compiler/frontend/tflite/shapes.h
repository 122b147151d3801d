// Integers that a file computes from shapes, in front of RESHAPE.
#pragma once

#include "compiler/frontend/tflite/context.h"

namespace zahl::frontend {

// Whether the operator's results are such integers; they are known from then on.
bool computes_shape(TfliteContext& c, const TfliteFile::Operator& op);

// The shape that RESHAPE asks for, where its operand says one, its open dimension filled in.
std::optional<std::vector<int64_t>> target_of_reshape(const TfliteContext& c,
                                                      const TfliteFile::Operator& op,
                                                      int64_t elements);

}  // namespace zahl::frontend
