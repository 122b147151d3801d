// The integers of a graph as NumPy arrays, for a judge that is not written in C++
// (certificate/run/level5.py).
#pragma once

#include <map>
#include <string>

#include "compiler/ir/graph.h"
#include "host/npy.h"

namespace zahl::certificate {

// "graph": UTF-8 JSON (docs/certificate.md, level 5); weights, biases, m0, shifts, tables under the
// keys that it names.
std::map<std::string, host::Array> export_graph(const ir::Graph& graph);

host::Array text_array(const std::string& text);
host::Array int8_array(const std::vector<int8_t>& values);

}  // namespace zahl::certificate
