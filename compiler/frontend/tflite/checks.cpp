#include "compiler/frontend/tflite/checks.h"

namespace zahl::frontend {

void require_rank(const NodeName& node, const Value& value, size_t rank) {
  if (value.dims.size() != rank) {
    refuse(node, fmt::format("tensor '{}' has the shape {}", value.name, join(value.dims)),
           fmt::format("use {} dimensions", rank));
  }
}

void require_dims(const NodeName& node, const Value& value, const std::vector<int64_t>& dims) {
  if (value.dims != dims) {
    refuse(node,
           fmt::format("tensor '{}' has the shape {} where {} follows from the operator",
                       value.name, join(value.dims), join(dims)),
           kIntactTflite);
  }
}

}  // namespace zahl::frontend
