// The explanation as one HTML file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "explain/explanation.h"

namespace zahl::explain {

// `json` is the whole object of docs/explain.md.
std::string explanation_page(const Explanation& e, const nlohmann::ordered_json& json);

}  // namespace zahl::explain
