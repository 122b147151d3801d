#include "compiler/frontend/load_model.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <new>
#include <vector>

#include "compiler/frontend/lower.h"
#include "compiler/frontend/read_onnx.h"
#include "compiler/frontend/read_tflite.h"
#include "compiler/frontend/source_graph.h"
#include "compiler/legalize/passes.h"
#include "zahl/error.h"

namespace zahl::frontend {

std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) refuse("the file does not exist", "name a quantized .tflite or .onnx file");
  if (std::filesystem::is_directory(status)) refuse("this is a directory", "name a quantized .tflite or .onnx file");
  std::ifstream stream(path, std::ios::binary);
  std::vector<uint8_t> bytes;
  if (stream) bytes.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  if (!stream || stream.bad()) refuse("the file cannot be read", "check its permissions");
  if (bytes.empty()) refuse("the file is empty", "name a quantized .tflite or .onnx file");
  return bytes;
}

bool is_tflite(const std::vector<uint8_t>& bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0;
}

namespace {

void require_valid(const ir::Graph& graph, const char* pass) {
  const std::string reason = ir::verify(graph);
  if (!reason.empty())
    refuse(fmt::format("after '{}': {}", pass, reason),
           "use an intact file in which every tensor is computed before it is read");
}

ir::Graph load(const std::filesystem::path& path, std::vector<LeftInFloat>* left) {
  try {
    const std::vector<uint8_t> bytes = read_bytes(path);
    Network network = is_tflite(bytes) ? read_tflite(bytes, left) : read_onnx(bytes, left);
    fold_padding(network);
    ir::Graph graph = lower(network, left);
    graph.name = path.stem().string();
    require_valid(graph, "lower");
    legalize::prune(graph);
    require_valid(graph, "prune");
    legalize::compose(graph);
    require_valid(graph, "compose");
    legalize::fuse(graph);
    require_valid(graph, "fuse");
    return graph;
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const std::bad_alloc&) {
    throw UserError(fmt::format("{}: the model does not fit in memory; use a smaller one.", path.string()));
  }
}

}  // namespace

ir::Graph load_model(const std::filesystem::path& path) { return load(path, nullptr); }

PartialModel load_partly(const std::filesystem::path& path) {
  PartialModel model;
  model.graph = load(path, &model.left_in_float);
  return model;
}

}  // namespace zahl::frontend
