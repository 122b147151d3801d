// Other programs, run to their end.
#pragma once

#include <string>
#include <vector>

namespace zahl::certificate {

struct Ended {
  int status = -1;     // exit code; 128 + signal; -1 where the program could not be started
  std::string output;  // what it wrote, where that was to be kept
};

// Runs `command`, found on PATH. Its standard output goes to standard error: ours may be JSON.
Ended run_process(std::vector<std::string> command);

// The same with nothing to read, and both of its streams kept.
Ended run_quietly(std::vector<std::string> command);

}  // namespace zahl::certificate
