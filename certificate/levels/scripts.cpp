#include "certificate/levels/scripts.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "certificate/levels/interpreter.h"
#include "certificate/levels/process.h"
#include "isa/error.h"

namespace zahl::certificate {
namespace {

// A level's script: where it is, what it imports, and how that is got.
struct Script {
  const char* room;
  std::vector<std::string> modules;
  const char* remedy;
};

Script script_of(int number) {
  constexpr const char* kEnvironment =
      "install certificate/requirements.txt into an environment (scripts/setup --python makes one)";
  switch (number) {
    case 3:
      return {"formal", {"bitwuzla", "pyosys", "pyslang"}, kEnvironment};
    case 4:
      return {"objects", {}, "install python3"};
    default:
      return {"run", {"numpy"}, "install python3-numpy"};
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "zahl-prove-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw UserError(fmt::format("{}: no folder for temporary files can be made", pattern));
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Level run_script(int number, const std::string& title, const std::string& source,
                 const std::vector<std::string>& arguments) {
  const auto [room, modules, remedy] = script_of(number);
  const std::string script = fmt::format("{}/certificate/{}/level{}.py", source, room, number);
  if (!std::filesystem::exists(script)) {
    return absent_level(
        number, title,
        fmt::format("{} does not exist; name Zahl's source tree with --source", script));
  }
  const auto root = std::filesystem::canonical(script).parent_path().parent_path().parent_path();
  const Interpreter python = find_interpreter(python_candidates(root), modules);
  if (python.path.empty()) return absent_level(number, title, python.sentence + remedy);
  const ScratchFolder folder;
  const std::string result = folder.file("level.json");
  std::vector<std::string> command = {python.path, "-B", script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--json", result});
  const int status = run_process(std::move(command)).status;
  std::ifstream in(result);
  const Json json = in ? Json::parse(in, nullptr, false) : Json();
  if (!json.is_object()) {
    return absent_level(number, title,
                        fmt::format("{} ended with exit code {} and no result", script, status));
  }
  try {
    return level_from(json);
  } catch (const UserError& error) {
    return absent_level(number, title, fmt::format("{}: {}", script, error.what()));
  }
}

}  // namespace zahl::certificate
