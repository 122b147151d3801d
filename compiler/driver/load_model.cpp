#include "compiler/driver/load_model.h"

#include <fmt/format.h>

#include <new>

#include "compiler/driver/recipe.h"
#include "isa/error.h"

namespace zahl::compiler {
namespace {

ir::Graph load(const frontend::ModelFile& file, std::vector<frontend::LeftInFloat>* left,
               std::vector<std::string>& notes) {
  const std::string path = file.path.string();
  try {
    Compilation compilation{.file = file, .left = left, .notes = &notes};
    run_passes(reading_passes(), compilation);
    return std::move(compilation.graph);
  } catch (const UserError& error) {
    std::string sentence = fmt::format("{}: {}", path, error.what());
    for (const std::string& note : notes) sentence += fmt::format(" ({})", note);
    throw UserError(sentence);
  } catch (const std::bad_alloc&) {
    throw UserError(fmt::format("{}: the model does not fit in memory; use a smaller one.", path));
  }
}

}  // namespace

ir::Graph load_model(const frontend::ModelFile& file, std::vector<std::string>* notes) {
  std::vector<std::string> told;
  ir::Graph graph = load(file, nullptr, told);
  if (notes) *notes = std::move(told);
  return graph;
}

PartialModel load_partly(const frontend::ModelFile& file) {
  PartialModel model;
  model.graph = load(file, &model.left_in_float, model.notes);
  return model;
}

}  // namespace zahl::compiler
