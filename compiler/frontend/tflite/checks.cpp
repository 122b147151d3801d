#include "compiler/frontend/tflite/checks.h"

#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;

void require_rank(const NodeName& node, const Value& value, size_t rank) {
  if (value.dims.size() != rank) {
    refuse<kRank>(node, value.name, join(value.dims), rank);
  }
}

void require_dims(const NodeName& node, const Value& value, const std::vector<int64_t>& dims) {
  if (value.dims != dims) {
    refuse<kFollowingShape>(node, value.name, join(value.dims), join(dims));
  }
}

}  // namespace zahl::frontend
