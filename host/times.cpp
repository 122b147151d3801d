#include "host/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace zahl::host {

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

RunResult timed_run(HostTimes& times, const std::function<RunResult()>& work) {
  const double start = processor_seconds();
  RunResult result = work();
  times.runs.push_back(processor_seconds() - start);
  return result;
}

int64_t peak_memory_bytes() {
  // Not getrusage, whose figure includes what the process was before exec.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

std::string host_times_text(const HostTimes& times, const RunResult& run) {
  std::vector<double> sorted = times.runs;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  return fmt::format("host: start-up {:.1f} ms, run {:.2f} ms (median of {}), {:.2f} M cycles/s\n",
                     1e3 * times.start_up, 1e3 * median, sorted.size(),
                     static_cast<double>(run.cycles) / median / 1e6);
}

}  // namespace zahl::host
