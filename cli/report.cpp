#include "cli/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "cli/timeline.h"
#include "zahl/error.h"

namespace zahl::cli {
namespace {

using Json = nlohmann::ordered_json;

double utilisation(int64_t macs, int64_t cycles, const hw::Config& config) {
  return cycles > 0 ? static_cast<double>(macs) / (static_cast<double>(cycles) * config.multipliers()) : 0.0;
}

uint64_t counter(const RunResult& run, isa::Counter c) { return run.counters[static_cast<size_t>(c)]; }

Json layers_json(const Program& program, const RunResult& run) {
  const std::vector<LayerTime> times = layer_times(program, run);
  Json layers = Json::array();
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const Layer& layer = program.layers[i];
    const LayerTime& time = times[i];
    Json stalls;
    for (size_t c = 0; c < kCauseNames.size(); ++c) stalls[std::string(kCauseNames[c])] = time.stalls[c];
    layers.push_back({{"name", layer.name},
                      {"operator", layer.type},
                      {"macs", layer.macs},
                      {"cycles", time.cycles},
                      {"busy_cycles", time.busy},
                      {"utilisation", utilisation(layer.macs, time.cycles, program.config)},
                      {"stall_cycles", stalls},
                      {"read_bytes", time.read_bytes},
                      {"write_bytes", time.write_bytes}});
  }
  return layers;
}

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 3) + "...";
}

}  // namespace

Json report_json(const Program& program, const MemoryConfig& memory, const std::string& engine, const RunResult& run) {
  const bool has_time = engine != "reference";
  const int64_t macs = program.macs(), bus = program.config.bus_bytes;
  Json config = {{"name", program.config.name}};
  for (const auto& p : hw::kParameters) config[std::string(p.name)] = program.config.*p.member;
  Json json = {
      {"schema", kReportSchema},
      {"network", program.network},
      {"model_format", program.source_format},
      {"model_hash", program.source_hash},
      {"config", config},
      {"memory",
       {{"name", memory.name}, {"latency_cycles", memory.latency_cycles}, {"bytes_per_cycle", memory.bytes_per_cycle}}},
      {"engine", engine},
      {"macs", macs},
      {"instructions", program.instructions.size()},
      {"error", isa::kErrorNames[static_cast<size_t>(run.error)]}};
  if (!has_time) {
    for (const char* key : {"cycles", "utilisation", "dram_read_bytes", "dram_write_bytes"}) json[key] = nullptr;
    json["layers"] = Json::array();
    return json;
  }
  json["cycles"] = run.cycles;
  json["utilisation"] = utilisation(macs, run.cycles, program.config);
  json["dram_read_bytes"] = static_cast<int64_t>(counter(run, isa::Counter::ReadBeats)) * bus;
  json["dram_write_bytes"] = static_cast<int64_t>(counter(run, isa::Counter::WriteBeats)) * bus;
  json["layers"] = layers_json(program, run);
  for (size_t i = 0; i < isa::kCounterCount; ++i)
    json["counters"][std::string(isa::kCounterNames[i])] = run.counters[i];
  return json;
}

std::string report_table(const Program& program, const MemoryConfig& memory, const std::string& engine,
                         const RunResult& run) {
  std::string text =
      fmt::format("{} on {}, memory {} ({} cycles, {} B/cycle), engine {}\n\n", program.network, program.config.name,
                  memory.name, memory.latency_cycles, memory.bytes_per_cycle, engine);
  text += fmt::format("{:<34} {:<18} {:>10} {:>9} {:>6} {:>9} {:>9}  {}\n", "layer", "operator", "MACs", "cycles",
                      "util", "read B", "write B", "waits most for");
  const std::vector<LayerTime> times = layer_times(program, run);
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const LayerTime& t = times[i];
    const auto worst = std::max_element(t.stalls.begin(), t.stalls.end());
    const std::string why =
        *worst > 0 ? fmt::format("{} ({})", kCauseNames[static_cast<size_t>(worst - t.stalls.begin())], *worst) : "";
    text += fmt::format("{:<34} {:<18} {:>10} {:>9} {:>5.1f}% {:>9} {:>9}  {}\n", shortened(program.layers[i].name, 34),
                        shortened(program.layers[i].type, 18), program.layers[i].macs, t.cycles,
                        100 * utilisation(program.layers[i].macs, t.cycles, program.config), t.read_bytes,
                        t.write_bytes, why);
  }
  text += fmt::format("\n{:<53} {:>10} {:>9} {:>5.1f}%\n",
                      fmt::format("total, {} instructions", program.instructions.size()), program.macs(), run.cycles,
                      100 * utilisation(program.macs(), run.cycles, program.config));
  return text;
}

std::string outputs_text(const std::map<std::string, Array>& outputs) {
  std::string text;
  for (const auto& [name, array] : outputs) {
    text += fmt::format("output {} [{}]", name, fmt::join(array.shape, ", "));
    const int64_t elements = array.elements();
    if (elements > 0 && elements <= 10000) {
      std::vector<int64_t> order(static_cast<size_t>(elements));
      std::iota(order.begin(), order.end(), 0);
      const size_t top = std::min<size_t>(3, order.size());
      std::partial_sort(
          order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
          [&](int64_t a, int64_t b) { return array.at(a) > array.at(b) || (array.at(a) == array.at(b) && a < b); });
      for (size_t i = 0; i < top; ++i)
        text += fmt::format("{} [{}] = {:.6g}", i == 0 ? ":" : ",", order[i], array.at(order[i]));
    }
    text += '\n';
  }
  return text;
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  const std::string part = path + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out.good()) std::filesystem::rename(part, path, error);
  if (!out.good() || error) {
    std::filesystem::remove(part, error);
    throw UserError(fmt::format("{}: cannot write; check the folder and the space on the disk", path));
  }
}

}  // namespace zahl::cli
