// How long a run took on the host. Unlike cycles, these figures differ from run to run.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "zahl/run.h"

namespace zahl::cli {

using SteadyClock = std::chrono::steady_clock;

inline double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

struct HostTimes {
  double start_up = 0;       // seconds: reading or compiling the model, checking it, placing the input
  std::vector<double> runs;  // seconds of each run of the engine, the bytes of the result included
};

// One line: start-up, the median run, simulated cycles a second.
std::string host_times_text(const HostTimes& times, const RunResult& run);

}  // namespace zahl::cli
