// Static against dynamic quantization, told on the model at hand.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explanation.h"

namespace zahl::explain {

// {"kind": "static" | "dynamic" | "none", "title", "paragraphs": [...]}
nlohmann::ordered_json quantization_notes(const Explanation& e);

// One or two sentences: the answer to "does this network compute in integers?"
std::string verdict(const Explanation& e);

}  // namespace zahl::explain
