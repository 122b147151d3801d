#include "compiler/driver/load_model.h"

#include <fmt/format.h>

#include <new>

#include "compiler/driver/recipe.h"
#include "isa/error.h"

namespace zahl::compiler {
namespace {

ir::Graph load(const std::filesystem::path& path, std::vector<frontend::LeftInFloat>* left) {
  try {
    Compilation compilation{.path = path, .left = left};
    run_passes(reading_passes(), compilation);
    return std::move(compilation.graph);
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const std::bad_alloc&) {
    throw UserError(
        fmt::format("{}: the model does not fit in memory; use a smaller one.", path.string()));
  }
}

}  // namespace

ir::Graph load_model(const std::filesystem::path& path) { return load(path, nullptr); }

PartialModel load_partly(const std::filesystem::path& path) {
  PartialModel model;
  model.graph = load(path, &model.left_in_float);
  return model;
}

}  // namespace zahl::compiler
