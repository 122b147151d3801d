// Dimensions that the file leaves open.
#include <fmt/format.h>

#include <set>

#include "compiler/frontend/network/network.h"
#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {
namespace {

// The shape of the array that the input will be given, where it is known and has the input's rank.
const std::vector<int64_t>* given_shape(const OnnxGraph& graph, const OnnxPort& port,
                                        const ModelFile& file) {
  auto given = file.shapes.find(port.name);
  if (given == file.shapes.end() && graph.inputs.size() == 1) given = file.shapes.find("");
  return given == file.shapes.end() || given->second.size() != port.dims.size() ? nullptr
                                                                                : &given->second;
}

}  // namespace

void bind_dimensions(OnnxGraph& graph, const ModelFile& file, std::vector<std::string>* notes) {
  std::set<std::string> open;
  for (const OnnxPort& port : graph.inputs) {
    for (const auto& [axis, name] : port.open) {
      open.insert(name);
      open.insert(fmt::format("{}.{}", port.name, axis));
    }
  }
  for (const auto& [name, size] : file.bindings) {
    if (open.contains(name)) continue;
    refuse(fmt::format("--bind {}={}: no input has an open dimension of this name", name, size),
           open.empty() ? "all dimensions of the inputs are fixed"
                        : fmt::format("bind one of {}", fmt::join(open, ", ")));
  }
  std::set<std::string> assumed;
  for (OnnxPort& port : graph.inputs) {
    const std::vector<int64_t>* given = given_shape(graph, port, file);
    for (const auto& [axis, name] : port.open) {
      auto bound = file.bindings.find(fmt::format("{}.{}", port.name, axis));
      if (bound == file.bindings.end()) bound = file.bindings.find(name);
      if (bound != file.bindings.end()) {
        port.dims[axis] = bound->second;
      } else if (given && (*given)[axis] > 0) {
        port.dims[axis] = (*given)[axis];
      } else if (assumed.insert(name).second && notes) {
        notes->push_back(fmt::format(
            "dimension '{}' of graph input '{}' is open and was taken as 1; --bind {}=SIZE sets it",
            name, port.name, name));
      }
    }
    element_count({port.name, "graph input"}, port.dims);
    graph.shapes[port.name] = port.dims;
  }
}

}  // namespace zahl::frontend
