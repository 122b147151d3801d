// The explanation as JSON (docs/explain.md): what the text and the page are made from, and what
// scripts read.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explanation.h"

namespace zahl::explain {

inline constexpr const char* kExplainSchema = "zahl.explain/1";

nlohmann::ordered_json explanation_json(const Explanation& e);

}  // namespace zahl::explain
