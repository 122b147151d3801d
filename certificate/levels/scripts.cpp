#include "certificate/levels/scripts.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "isa/error.h"

extern char** environ;

namespace zahl::certificate {
namespace {

// Exit status of a command, -1 where it could not be started. Its standard output goes to standard
// error: ours may be JSON.
int run_command(std::vector<std::string> command) {
  std::vector<char*> argv;
  for (std::string& part : command) argv.push_back(part.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed != 0 || waitpid(child, &status, 0) < 0) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Where the level's script is.
const char* room_of(int number) { return number == 3 ? "formal" : number == 4 ? "objects" : "run"; }

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
  const std::string script =
      fmt::format("{}/certificate/{}/level{}.py", source, room_of(number), number);
  if (!std::filesystem::exists(script)) {
    return absent_level(
        number, title,
        fmt::format("{} does not exist; name Zahl's source tree with --source", script));
  }
  const std::string own = source + "/build/venv/bin/python";
  const std::string python = std::filesystem::exists(own) ? own : "python3";
  const ScratchFolder folder;
  const std::string result = folder.file("level.json");
  std::vector<std::string> command = {python, "-B", script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--json", result});
  const int status = run_command(std::move(command));
  std::ifstream in(result);
  const Json json = in ? Json::parse(in, nullptr, false) : Json();
  if (!json.is_object()) {
    return absent_level(number, title,
                        status == -1
                            ? fmt::format("{} could not be started; install Python 3", python)
                            : fmt::format("{} ended with exit code {} and no result; scripts/setup "
                                          "--python installs what it needs",
                                          script, status));
  }
  try {
    return level_from(json);
  } catch (const UserError& error) {
    return absent_level(number, title, fmt::format("{}: {}", script, error.what()));
  }
}

}  // namespace zahl::certificate
