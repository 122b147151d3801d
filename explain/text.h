// The explanation for a terminal: tables of at most 120 columns. Input: the object of
// docs/explain.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace zahl::explain {

std::string explanation_text(const nlohmann::ordered_json& json);

}  // namespace zahl::explain
