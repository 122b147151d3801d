// What stands side by side in the drawing of a graph.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "explain/explanation.h"

namespace zahl::explain {

// What stands side by side: nodes of the file, and what the device (or the host) makes of them.
struct Band {
  enum class Kind { Layer, Left, Host };
  Kind kind = Kind::Host;
  ir::NodeId layer{};
  double key = 0;             // position in the file
  std::vector<int> nodes{};   // of the file
  std::vector<int> inputs{};  // tensors: graph inputs drawn here
  std::vector<int> outputs{};
  std::string label{}, sub{}, sub2{};
};

// Top to bottom: the user's inputs, then layers and nodes left in float in the file's order, then
// the outputs. `layers` is the array of docs/explain.md.
std::vector<Band> make_bands(const Explanation& e, const nlohmann::ordered_json& layers);

}  // namespace zahl::explain
