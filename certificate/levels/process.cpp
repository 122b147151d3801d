#include "certificate/levels/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

extern char** environ;

namespace zahl::certificate {
namespace {

// Starts the command with the given files; its process, or -1.
pid_t start(std::vector<std::string>& command, const posix_spawn_file_actions_t& files) {
  std::vector<char*> argv;
  for (std::string& part : command) argv.push_back(part.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  return posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ) == 0 ? child : -1;
}

int status_of(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Ended run_process(std::vector<std::string> command) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  const pid_t child = start(command, files);
  posix_spawn_file_actions_destroy(&files);
  return {.status = status_of(child), .output = {}};
}

Ended run_quietly(std::vector<std::string> command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
  const pid_t child = start(command, files);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  Ended ended;
  std::array<char, 4096> block;
  for (ssize_t n; child >= 0 && (n = read(ends[0], block.data(), block.size())) > 0;)
    ended.output.append(block.data(), static_cast<size_t>(n));
  close(ends[0]);
  ended.status = status_of(child);
  return ended;
}

}  // namespace zahl::certificate
