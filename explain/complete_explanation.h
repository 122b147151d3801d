// All that `zahl explain` says of a model: the object of docs/explain.md.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explanation.h"

namespace zahl::explain {

struct CompleteRequest {
  std::string layer;  // the one that is computed in three forms; empty: the first product
  std::string input;  // a file of data for it; empty: random bytes by `seed`
  uint64_t seed = 1;
};

// Throws UserError where the layer or the input does not fit.
nlohmann::ordered_json complete_explanation(const Explanation& e, const CompleteRequest& request);

}  // namespace zahl::explain
