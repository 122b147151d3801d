#include "cli/host_times.h"

#include <fmt/format.h>

#include <algorithm>

namespace zahl::cli {

std::string host_times_text(const HostTimes& times, const RunResult& run) {
  std::vector<double> sorted = times.runs;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  return fmt::format("host: start-up {:.1f} ms, run {:.2f} ms (median of {}), {:.2f} M cycles/s\n",
                     1e3 * times.start_up, 1e3 * median, sorted.size(), static_cast<double>(run.cycles) / median / 1e6);
}

}  // namespace zahl::cli
