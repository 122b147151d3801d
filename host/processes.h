// Independent runs on all cores. A run is a process of its own, since SystemC elaborates once a
// process.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace zahl::host {

struct Finished {
  int exit_code = 0;
  std::string output, errors;  // what it wrote to standard output and standard error
  std::string
      report;  // what the task returned through its argument; empty if it did not come to an end
};

// Calls task(i, report) for each i below `count` in a child process, at most `jobs` at a time, and
// hands over what came of it in the order of i, each as soon as those before it have come. A task
// that throws or is killed has exit code 3. REQUIRES: this process has one thread.
void run_in_processes(size_t count, size_t jobs,
                      const std::function<int(size_t, std::string&)>& task,
                      const std::function<void(size_t, const Finished&)>& deliver);

}  // namespace zahl::host
