// Results that are other tensors' bytes.
#pragma once

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/tflite/context.h"

namespace zahl::frontend {

// The operator's output is this view of `source`, which the file must agree with.
void set_view(TfliteContext& c, const TfliteFile::Operator& op, size_t output, ValueId source,
              const View& view);

}  // namespace zahl::frontend
