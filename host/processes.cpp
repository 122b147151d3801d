#include "host/processes.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <vector>

namespace zahl::host {
namespace {

// Standard output, standard error, the report: files in memory, so that a child never waits for a
// reader.
using Channels = std::array<int, 3>;

Channels open_channels() {
  Channels channels{};
  for (int& channel : channels) {
    channel = memfd_create("zahl", MFD_CLOEXEC);
    if (channel < 0) throw std::runtime_error("no file in memory for a run's output");
  }
  return channels;
}

std::string take_text(int channel) {
  const off_t size = lseek(channel, 0, SEEK_END);
  std::string text(static_cast<size_t>(std::max<off_t>(size, 0)), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t part =
        pread(channel, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (part <= 0) break;
    done += static_cast<size_t>(part);
  }
  close(channel);
  return text;
}

void put_text(int channel, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t part = write(channel, text.data() + done, text.size() - done);
    if (part <= 0) throw std::runtime_error("out of memory for a run's report");
    done += static_cast<size_t>(part);
  }
}

// In the child. Ends without the parent's clean-up.
[[noreturn]] void run_child(size_t index, const Channels& channels,
                            const std::function<int(size_t, std::string&)>& task) {
  int exit_code = 3;
  dup2(channels[0], STDOUT_FILENO);
  dup2(channels[1], STDERR_FILENO);
  try {
    std::string report;
    exit_code = task(index, report);
    put_text(channels[2], report);
  } catch (const std::exception& error) {
    fmt::print(stderr,
               "zahl: internal error: {}; please report it with the command line and the model\n",
               error.what());
    exit_code = 3;
  }
  std::fflush(nullptr);
  _exit(exit_code);
}

pid_t start(size_t index, const Channels& channels,
            const std::function<int(size_t, std::string&)>& task) {
  std::fflush(nullptr);  // or the child would print it once more
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process for another run");
  if (child == 0) run_child(index, channels, task);
  return child;
}

Finished finish(int status, const Channels& channels) {
  Finished finished{WIFEXITED(status) ? WEXITSTATUS(status) : 3, take_text(channels[0]),
                    take_text(channels[1]), take_text(channels[2])};
  if (WIFSIGNALED(status)) {
    finished.errors += fmt::format("zahl: the run was ended by signal {}\n", WTERMSIG(status));
    finished.report.clear();
  }
  return finished;
}

}  // namespace

void run_in_processes(size_t count, size_t jobs,
                      const std::function<int(size_t, std::string&)>& task,
                      const std::function<void(size_t, const Finished&)>& deliver) {
  std::vector<Channels> channels(count);
  std::map<pid_t, size_t> running;
  std::map<size_t, Finished> waiting;  // for those before them
  size_t next = 0, delivered = 0;
  while (delivered < count) {
    for (; next < count && running.size() < jobs; ++next) {
      channels[next] = open_channels();
      running[start(next, channels[next], task)] = next;
    }
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    const auto found = running.find(ended);
    if (found == running.end()) throw std::runtime_error("a run was lost");
    waiting[found->second] = finish(status, channels[found->second]);
    running.erase(found);
    for (; waiting.contains(delivered); ++delivered) {
      deliver(delivered, waiting[delivered]);
      waiting.erase(delivered);
    }
  }
}

}  // namespace zahl::host
