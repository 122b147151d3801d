#include <fmt/format.h>

#include <algorithm>

#include "analysis/bounds.h"
#include "analysis/estimate.h"
#include "analysis/report.h"
#include "analysis/timeline.h"

namespace zahl::analysis {
namespace {

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 3) + "...";
}

std::string worst_stall(const LayerTime& t) {
  const auto worst = std::max_element(t.stalls.begin(), t.stalls.end());
  if (*worst <= 0) return "";
  return fmt::format("{} ({})", kCauseNames[static_cast<size_t>(worst - t.stalls.begin())], *worst);
}

std::string_view name_of(Limit limit) { return kLimitNames[static_cast<size_t>(limit)]; }

std::string total_line(const Program& program, const MemoryConfig& memory, const RunResult& run,
                       const Bounds& total) {
  std::string text = fmt::format("\n{:<45} {:>10} {:>9} {:>5.1f}% {:>9} {:>9}  {}\n",
                                 fmt::format("total, {} instructions", program.instructions.size()),
                                 program.macs(), run.cycles,
                                 100 * utilisation(program.macs(), run.cycles, program.config),
                                 total.read_bytes, total.write_bytes, name_of(total.limit()));
  if (program.instructions.empty())
    return text + "no layer: the outputs are bytes of the inputs, and the host alone reads them\n";
  const LeastTraffic& least = program.least_traffic;
  text += fmt::format("the {} bound: {} cycles; the next, {}: {}; beyond the bound: {}\n",
                      name_of(total.limit()), total.greatest(), name_of(total.next_limit()),
                      total.next(), run.cycles - total.greatest());
  text += fmt::format(
      "DRAM: {} bytes with {} of instructions; the least possible: {}, with large maps {}\n",
      total.read_bytes + total.write_bytes + total.fetch_bytes, total.fetch_bytes,
      least.compulsory(), least.compulsory() + least.large_maps);
  if (const Estimate* estimate = estimate_for(program, memory)) {
    text += fmt::format("the compiler's estimate: {} cycles, difference {}\n", estimate->cycles,
                        run.cycles - estimate->cycles);
  }
  return text;
}

// Cycles that each unit needs at the least, and how full the array is.
std::string detail(const Program& program, const MemoryConfig& memory,
                   const std::vector<LayerTime>& times, const std::vector<Bounds>& bounds) {
  std::string text = fmt::format(
      "\n{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:<8} {:>8} {:>7} {:>7}\n", "bounds in cycles",
      "array", "weights", "dram", "post", "next", "beyond", "limit", "MAC/B", "lanes", "columns");
  for (size_t i = 0; i < bounds.size(); ++i) {
    const Bounds& b = bounds[i];
    text += fmt::format(
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:<8} {:>8.1f} {:>6.0f}% {:>6.0f}%\n",
        shortened(program.layers[i].name, 20), b.cycles[0], b.cycles[1], b.cycles[2], b.cycles[3],
        b.next(), std::max<int64_t>(0, times[i].cycles - b.greatest()), name_of(b.limit()),
        std::min(roofline_of(b, program.config, memory).macs_per_byte, 99999.9),
        100 * b.lane_fill(program.config), 100 * b.column_fill());
  }
  return text +
         fmt::format("The roof bends at {:.1f} MAC/B: layers below it are on the memory's side.\n",
                     roofline_of({}, program.config, memory).ridge);
}

}  // namespace

std::string report_table(const Program& program, const MemoryConfig& memory,
                         const std::string& engine, const RunResult& run, bool has_detail) {
  std::string text = fmt::format("{} on {}, memory {} ({} cycles, {} B/cycle), engine {}\n\n",
                                 program.network, program.config.name, memory.name,
                                 memory.latency_cycles, memory.bytes_per_cycle, engine);
  text +=
      fmt::format("{:<28} {:<16} {:>10} {:>9} {:>6} {:>9} {:>9}  {:<8} {}\n", "layer", "operator",
                  "MACs", "cycles", "util", "read B", "write B", "limit", "waits most for");
  const std::vector<LayerTime> times = layer_times(program, run);
  const std::vector<Bounds> bounds = layer_bounds(program, memory, run);
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const LayerTime& t = times[i];
    text += fmt::format("{:<28} {:<16} {:>10} {:>9} {:>5.1f}% {:>9} {:>9}  {:<8} {}\n",
                        shortened(program.layers[i].name, 28),
                        shortened(program.layers[i].type, 16), program.layers[i].macs, t.cycles,
                        100 * utilisation(program.layers[i].macs, t.cycles, program.config),
                        bounds[i].read_bytes, bounds[i].write_bytes, name_of(bounds[i].limit()),
                        worst_stall(t));
  }
  text += total_line(program, memory, run, run_bounds(bounds, program.config, memory));
  if (has_detail) text += detail(program, memory, times, bounds);
  return text;
}

}  // namespace zahl::analysis
