// What a run took of the host. Unlike cycles, these figures differ from run to run. Times are those
// of the processor, of all threads of this process, which differ less than those of the clock where
// others use the host too.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "contract/run.h"

namespace zahl::host {

// Processor time of this process so far.
double processor_seconds();

struct HostTimes {
  double start_up =
      0;  // seconds: from the start of the process until the model is read or compiled and placed
  std::vector<double> runs;  // seconds of each run of the engine, the bytes of the result included
};

// Runs `work` and notes how long it took.
RunResult timed_run(HostTimes& times, const std::function<RunResult()>& work);

// The most memory that this process has had so far; 0 where the system does not say.
int64_t peak_memory_bytes();

// One line: start-up, the median run, simulated cycles a second.
std::string host_times_text(const HostTimes& times, const RunResult& run);

}  // namespace zahl::host
