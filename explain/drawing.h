// The graph before and after as rectangles, texts and lines; the template turns them into SVG.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explanation.h"

namespace zahl::explain {

// A band a layer, in the order in which the device computes: the file's nodes on the left, the
// layer on the right. `layers` is the array of docs/explain.md; layer i is linked as "#layer-i".
nlohmann::ordered_json drawing(const Explanation& e, const nlohmann::ordered_json& layers);

}  // namespace zahl::explain
