#include "compiler/frontend/read_model.h"

#include <fmt/format.h>

#include "compiler/frontend/file.h"
#include "compiler/frontend/onnx/read.h"
#include "compiler/frontend/tflite/read.h"
#include "isa/error.h"

namespace zahl::frontend {

Network read_model(const ModelFile& file, std::vector<LeftInFloat>* left,
                   std::vector<std::string>* notes) {
  const std::vector<uint8_t> bytes = read_bytes(file.path);
  if (!is_tflite(bytes)) return read_onnx(bytes, file, left, notes);
  if (!file.bindings.empty()) {
    refuse("the dimensions of a TFLite file are fixed when it is converted",
           "convert the model with the shape that --bind asks for");
  }
  return read_tflite(bytes, left);
}

SourceGraph read_source(const std::filesystem::path& path) {
  try {
    const std::vector<uint8_t> bytes = read_bytes(path);
    SourceGraph graph = is_tflite(bytes) ? source_of_tflite(bytes) : source_of_onnx(bytes, path);
    graph.producer.assign(graph.tensors.size(), -1);
    graph.readers.assign(graph.tensors.size(), {});
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (int t : graph.nodes[i].outputs) {
        if (t >= 0) graph.producer[static_cast<size_t>(t)] = static_cast<int>(i);
      }
      for (int t : graph.nodes[i].inputs) {
        if (t >= 0) graph.readers[static_cast<size_t>(t)].push_back(static_cast<int>(i));
      }
    }
    return graph;
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace zahl::frontend
