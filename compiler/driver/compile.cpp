#include "compiler/driver/compile.h"

#include <fmt/format.h>

#include <fstream>

#include "compiler/driver/load_model.h"
#include "compiler/driver/recipe.h"
#include "compiler/driver/search.h"

namespace zahl::compiler {
namespace {

std::string hash_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return fmt::format("{:016x}",
                     hash_bytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
}

}  // namespace

Program compile_model(const frontend::ModelFile& model, const hw::Config& config,
                      const Search& search, std::vector<std::string>* notes) {
  const ir::Graph graph = load_model(model, notes);
  Program program = search_program(graph, config, search);
  program.source_hash = hash_file(model.path);
  return program;
}

}  // namespace zahl::compiler
